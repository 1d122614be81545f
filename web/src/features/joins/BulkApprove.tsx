import { useEffect, useRef, useState } from 'react'
import { errorText } from '../../api/forms'
import type { Participant } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Alert, CheckField } from '../../ui/Field'
import { useToast } from '../../ui/Toast'
import s from './ParticipantsPage.module.css'
import { approve, useRereadPeople } from './peopleQuery'

type Progress = { done: number; of: number }
type Failed = { name: string; why: string }

/** Many requests at once, one call after the other in order of arrival: whoever asked first gets a place first. */
export function BulkApprove(props: {
  id: string
  people: Participant[]
  selected: Participant[]
  onSelect: (people: Participant[]) => void
}) {
  const { id, people, selected } = props
  const t = useT()
  const say = useToast()
  const reread = useRereadPeople(id)
  const [progress, setProgress] = useState<Progress | null>(null)
  const [failed, setFailed] = useState<Failed[]>([])
  const stopped = useRef(false)
  useEffect(
    () => () => {
      stopped.current = true
    },
    [],
  )

  async function run() {
    stopped.current = false
    setFailed([])
    const failures: Failed[] = []
    let done = 0
    for (const person of selected) {
      if (stopped.current) break
      setProgress({ done, of: selected.length })
      try {
        await approve(id, person)
        done += 1
      } catch (error) {
        failures.push({ name: person.display_name || t.people.nameless, why: errorText(error, t) })
      }
    }
    setProgress(null)
    setFailed(failures)
    props.onSelect([])
    if (done > 0) say(t.people.bulkDone(done))
    await reread()
  }

  const all = people.length > 0 && selected.length === people.length
  return (
    <>
      {people.length > 0 && (
        <div className={s.bulk}>
          <CheckField
            label={t.people.selectAll}
            checked={all}
            onChange={(event) => props.onSelect(event.target.checked ? people : [])}
          />
          {progress ? (
            <>
              <progress value={progress.done} max={progress.of} aria-hidden="true" />
              <span role="status">{t.people.bulkBusy(progress.done, progress.of)}</span>
              <Button size="small" onClick={() => (stopped.current = true)}>
                {t.people.bulkStop}
              </Button>
            </>
          ) : (
            selected.length > 0 && (
              <Button size="small" variant="primary" onClick={() => void run()}>
                {t.people.bulk(selected.length)}
              </Button>
            )
          )}
        </div>
      )}
      {failed.length > 0 && (
        <Alert>
          {t.people.bulkFailed}
          <ul className={s.failed}>
            {failed.map(({ name, why }) => (
              <li key={name}>
                <strong>{name}</strong>: {why}
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </>
  )
}
