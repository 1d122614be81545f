import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import type { EventView } from '../../api/types'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, formClass, TextArea } from '../../ui/Field'
import { useToast } from '../../ui/Toast'
import s from './EventForm.module.css'

type Step = 'publish' | 'unpublish' | 'cancel'

/** An event's steps from draft to wall to, if need be, cancelled. */
export function LifeButtons(props: {
  event: EventView
  dirty: boolean
  onChanged: () => Promise<void>
}) {
  const { event } = props
  const { t } = useI18n()
  const e = t.editor
  const say = useToast()
  const [asking, setAsking] = useState<Step | null>(null)

  const move = useMutation({
    mutationFn: async ({ step, reason }: { step: Step; reason?: string }) => {
      const params = {
        path: { id: event.id },
        header: { 'If-Match': `"${event.version}"` },
      }
      if (step === 'cancel') {
        await unwrap(
          api.POST('/api/v1/events/{id}/cancel', {
            params,
            body: reason ? { reason } : {},
          }),
        )
      } else if (step === 'publish') {
        await unwrap(api.POST('/api/v1/events/{id}/publish', { params }))
      } else {
        await unwrap(api.POST('/api/v1/events/{id}/unpublish', { params }))
      }
    },
    onSuccess: async (_, { step }) => {
      await props.onChanged()
      say({ publish: e.published, unpublish: e.unpublished, cancel: e.cancelled }[step])
    },
  })
  const busy = (step: Step) => move.isPending && move.variables.step === step
  const involved = (event.places?.confirmed ?? 0) + (event.places?.waitlisted ?? 0)

  return (
    <>
      <p className={s.state}>{t.mine.status[event.status]}</p>
      {move.isError && <Alert>{errorText(move.error, t)}</Alert>}
      <div className={s.buttons}>
        {event.status === 'draft' && (
          <>
            <Button
              variant="primary"
              wide
              busy={busy('publish')}
              aria-disabled={props.dirty || undefined}
              onClick={() => !props.dirty && move.mutate({ step: 'publish' })}
            >
              {e.publish}
            </Button>
            <p className={s.dim}>{props.dirty ? e.publishDirty : e.publishHint}</p>
          </>
        )}
        {event.status === 'published' && (
          <Button wide busy={busy('unpublish')} onClick={() => setAsking('unpublish')}>
            {e.unpublish}
          </Button>
        )}
        {event.status !== 'cancelled' && (
          <Button variant="danger" wide busy={busy('cancel')} onClick={() => setAsking('cancel')}>
            {e.cancelEvent}
          </Button>
        )}
      </div>
      <Dialog
        open={asking === 'unpublish'}
        onClose={() => setAsking(null)}
        title={e.unpublishTitle}
      >
        <p>{e.unpublishText}</p>
        <DialogActions>
          <Button
            variant="danger"
            onClick={() => {
              setAsking(null)
              move.mutate({ step: 'unpublish' })
            }}
          >
            {e.unpublish}
          </Button>
          <Button onClick={() => setAsking(null)}>{e.keep}</Button>
        </DialogActions>
      </Dialog>
      <Dialog open={asking === 'cancel'} onClose={() => setAsking(null)} title={e.cancelTitle}>
        <form
          className={formClass}
          onSubmit={(submit) => {
            submit.preventDefault()
            const reason = new FormData(submit.currentTarget).get('reason')
            setAsking(null)
            move.mutate({
              step: 'cancel',
              reason: typeof reason === 'string' ? reason.trim() || undefined : undefined,
            })
          }}
        >
          <p>{e.cancelText(involved)}</p>
          <TextArea
            name="reason"
            label={e.cancelReason}
            hint={e.cancelReasonHint}
            maxLength={1000}
            rows={3}
          />
          <DialogActions>
            <Button type="submit" variant="danger">
              {e.cancelConfirm}
            </Button>
            <Button onClick={() => setAsking(null)}>{e.keep}</Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  )
}
