import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { eventQuery } from '../../api/event'
import { hasCode } from '../../api/problem'
import type { EventView, Participant } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, TextArea } from '../../ui/Field'
import { useForm } from '../../ui/useForm'
import s from './ParticipantsPage.module.css'
import { exceededBy, type Deed } from './people'
import { useDeed } from './peopleQuery'

const LONGEST_WORDS = 500

/** A decision about somebody is asked for once more, with what comes of it, and with room for words to them. */
export function PersonDialog(props: {
  event: EventView
  deed: Deed
  person: Participant
  onClose: () => void
}) {
  return props.deed === 'admit' ? <Admit {...props} /> : <Words {...props} />
}

type Props = Parameters<typeof PersonDialog>[0]

function Words({ event, deed, person, onClose }: Props) {
  const t = useT()
  const run = useDeed(event.id)
  const name = person.display_name || t.people.nameless
  const form = useForm({
    submit: async ({ words }) => {
      await run.mutateAsync({ deed, person, words: words?.trim() })
      onClose()
    },
  })
  const said = wordsFor()
  return (
    <Dialog open onClose={onClose} title={said.title}>
      <form {...form.props} className={s.dialog}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <p>{said.text}</p>
        <div className={s.short}>
          <TextArea
            {...form.field('words')}
            label={t.people.words}
            hint={t.people.wordsHint}
            maxLength={LONGEST_WORDS}
            rows={3}
          />
        </div>
        <DialogActions>
          <Button type="submit" variant="danger" busy={form.busy}>
            {said.go}
          </Button>
          <Button onClick={onClose}>{t.common.cancel}</Button>
        </DialogActions>
      </form>
    </Dialog>
  )

  function wordsFor() {
    const { people } = t
    if (deed === 'ban') {
      return { title: people.banTitle(name), text: people.banText(name), go: people.banDo }
    }
    if (deed === 'reject') {
      return {
        title: people.rejectTitle(name),
        text: people.rejectText(name),
        go: people.rejectDo,
      }
    }
    const waits = person.status === 'waitlisted'
    return {
      title: people.removeTitle(name),
      text: waits ? people.removeTextWaiting : people.removeText,
      go: people.removeDo,
    }
  }
}

/** Out of turn; and, where there is no room, above the capacity, which is asked for in so many words. */
function Admit({ event, person, onClose }: Props) {
  const t = useT()
  const run = useDeed(event.id)
  const { places } = useQuery(eventQuery(event.id)).data ?? event
  const [refused, setRefused] = useState(false)
  const name = person.display_name || t.people.nameless
  const over = exceededBy(places, person)
  const exceed = (over > 0 || refused) && places?.capacity != null
  const form = useForm({
    submit: async () => {
      try {
        await run.mutateAsync({ deed: 'admit', person, exceed })
        onClose()
      } catch (error) {
        // Somebody was faster: now it is a question of the capacity.
        if (!hasCode(error, 'event_full')) throw error
        setRefused(true)
      }
    },
  })
  return (
    <Dialog open onClose={onClose} title={t.people.admitTitle(name)}>
      <form {...form.props} className={s.dialog}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <p>{t.people.admitText(person.party_size)}</p>
        {exceed && (
          <div className={s.exceed} role="alert">
            <strong>{t.people.exceedTitle}</strong>
            <p>
              {t.people.exceedText(
                places.confirmed + places.held,
                places.capacity ?? 0,
                Math.max(1, over),
              )}
            </p>
          </div>
        )}
        <DialogActions>
          <Button type="submit" variant={exceed ? 'danger' : 'primary'} busy={form.busy}>
            {exceed ? t.people.exceedDo : t.people.admitDo}
          </Button>
          <Button onClick={onClose}>{t.common.cancel}</Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
