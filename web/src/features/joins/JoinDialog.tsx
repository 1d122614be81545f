import { useState } from 'react'
import { isRetryable } from '../../api/problem'
import type { EventView } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Alert, CheckField, SelectField, TextField } from '../../ui/Field'
import { Stepper } from '../../ui/Stepper'
import { useForm } from '../../ui/useForm'
import { guestInput, toJoin } from './join'
import s from './JoinDialog.module.css'
import { OverlapNote } from './OverlapNote'
import { QuestionSection } from './QuestionFields'
import { otherLines, partyLimit } from './rules'
import type { PlaceActions } from './usePlaceActions'

/** What has to be known before somebody gets a place: who comes along, and what the organiser asks. */
export function JoinDialog(props: {
  event: EventView
  /** What the button that leads here says. */
  label: string
  party: number
  invitation: string | null
  join: PlaceActions['join']
  onClose: () => void
}) {
  const { event, join, invitation } = props
  const t = useT()
  const words = t.place.form
  const { questions, access } = event.registration
  const codeMissing = access === 'invitation' && !invitation
  const limit = partyLimit(event)
  const [party, setParty] = useState(Math.min(props.party, limit))
  const [partial, setPartial] = useState(false)
  const form = useForm({
    submit: async (values) => {
      await join.mutateAsync(toJoin(values, questions, invitation))
      props.onClose()
    },
  })

  return (
    <Dialog open onClose={props.onClose} title={props.label}>
      <form {...form.props} className={s.form}>
        {form.errors.form && (
          <Alert>
            {form.errors.form} {isRetryable(join.error) && t.place.retryNote}
          </Alert>
        )}
        <OverlapNote overlaps={event.overlaps} />
        {limit > 1 && (
          <Stepper
            label={words.party}
            hint={words.partyHint}
            name="party_size"
            value={party}
            min={1}
            max={limit}
            onChange={setParty}
            fewer={words.fewer}
            more={words.more}
          />
        )}
        {party > 1 && (
          <>
            <div className={s.guests}>
              {Array.from({ length: party - 1 }, (_, n) => (
                <TextField
                  key={n}
                  {...form.field(guestInput(n))}
                  label={words.guest(n + 1)}
                  hint={n === 0 ? words.guestHint : undefined}
                  maxLength={100}
                  autoComplete="off"
                />
              ))}
            </div>
            <div className={s.partial}>
              <CheckField
                name="partial"
                label={words.partial}
                checked={partial}
                onChange={(event) => setPartial(event.target.checked)}
              />
              {partial && party > 2 && (
                <SelectField {...form.field('at_least')} label={words.atLeast} defaultValue="1">
                  {Array.from({ length: party - 1 }, (_, n) => (
                    <option key={n} value={n + 1}>
                      {words.atLeastOption(n + 1)}
                    </option>
                  ))}
                </SelectField>
              )}
            </div>
          </>
        )}
        <QuestionSection form={form} questions={questions} />
        {codeMissing && (
          <TextField
            {...form.field('invitation')}
            label={words.invitation}
            hint={words.invitationHint}
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
          />
        )}
        {otherLines(event.overlaps).length > 0 && (
          <CheckField name="leave_other_lines" label={words.leaveOthers} />
        )}
        <div className={s.submit}>
          <Button type="submit" variant="primary" size="large" wide busy={form.busy}>
            {form.busy ? t.place.joining : codeMissing ? t.place.join : props.label}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
