import { useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { eventKey } from '../../api/event'
import type { EventView } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Alert } from '../../ui/Field'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import { toAnswers } from './join'
import s from './JoinDialog.module.css'
import { QuestionFields } from './QuestionFields'

/** The organiser's questions once more, for whoever owes answers or wants to change them. */
export function AnswersDialog({ event, onClose }: { event: EventView; onClose: () => void }) {
  const t = useT()
  const say = useToast()
  const client = useQueryClient()
  const { questions } = event.registration
  const form = useForm({
    submit: async (values) => {
      await unwrap(
        api.PUT('/api/v1/events/{id}/answers', {
          params: { path: { id: event.id } },
          body: { answers: toAnswers(values, questions) },
        }),
      )
      await client.invalidateQueries({ queryKey: eventKey(event.id) })
      void client.invalidateQueries({ queryKey: ['joins'] })
      say(t.place.form.answersSaved)
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={t.place.form.answersTitle}>
      <form {...form.props} className={s.form}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <QuestionFields form={form} questions={questions} initial={event.participation?.answers} />
        <div className={s.submit}>
          <Button type="submit" variant="primary" size="large" wide busy={form.busy}>
            {t.common.save}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
