import Search from 'lucide-react/icons/search'
import { useDeferredValue, useMemo, useState, type FormEvent } from 'react'
import { useI18n } from '../../i18n'
import { formatClock } from '../../i18n/dates'
import s from './NameList.module.css'
import { search } from './search'
import type { Standing } from './standing'
import { readTicket } from './ticket'
import type { Guest, Kept } from './types'

/** Everybody with a place, by name or number; a code that was typed in goes the way of a scanned one. */
export function NameList(props: {
  kept: Kept
  standingOf: (line_no: number) => Standing
  onCode: (code: string) => void
  onGuest: (guest: Guest) => void
}) {
  const { t } = useI18n()
  const { kept } = props
  const [typed, setTyped] = useState('')
  const query = useDeferredValue(typed)
  const isCode = readTicket(query) !== null || query.startsWith('CE1.')
  const found = useMemo(
    () => (isCode ? [] : search(kept.guests, query)),
    [kept.guests, query, isCode],
  )

  function submit(event: FormEvent) {
    event.preventDefault()
    const text = typed.trim()
    if (text.startsWith('CE1.')) {
      props.onCode(text)
      setTyped('')
    } else {
      const now = search(kept.guests, text)
      if (text && now.length === 1) props.onGuest(now[0]!)
    }
  }

  return (
    <div className={s.names}>
      <form className={s.search} role="search" onSubmit={submit}>
        <Search aria-hidden="true" />
        <input
          type="text"
          inputMode="search"
          enterKeyHint="search"
          aria-label={t.door.find}
          placeholder={t.door.find}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={500}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit">{t.door.go}</button>
      </form>
      <p className="vh" role="status">
        {query && !isCode && t.door.found(found.length)}
      </p>
      <ul role="list" className={s.list}>
        {found.map((guest) => (
          <li key={guest.line_no}>
            <Row
              guest={guest}
              standing={props.standingOf(guest.line_no)}
              timezone={kept.timezone}
              onTap={() => props.onGuest(guest)}
            />
          </li>
        ))}
      </ul>
      {found.length === 0 && !isCode && (
        <p className={s.none}>{query ? t.door.nobody : t.door.nobodyYet}</p>
      )}
      {!isCode && found.length > 0 && found.length < kept.guests.length && !query && (
        <p className={s.none}>{t.door.more}</p>
      )}
    </div>
  )
}

function Row(props: { guest: Guest; standing: Standing; timezone: string; onTap: () => void }) {
  const { t, locale } = useI18n()
  const { guest, standing } = props
  const { inside, came } = standing
  const all = inside > 0 && inside >= guest.party_size
  const when = came && formatClock(came.at, props.timezone, locale)
  const status = all
    ? t.door.row.inside(when ?? '')
    : inside > 0
      ? t.door.row.some(inside, guest.party_size)
      : came
        ? t.door.row.out
        : t.door.row.expected
  return (
    <button type="button" className={s.row} data-in={inside > 0} onClick={props.onTap}>
      <span className={s.who}>
        <span className={s.name}>
          {guest.display_name}
          {guest.party_size > 1 && (
            <span className={s.plus}> {t.door.plus(guest.party_size - 1)}</span>
          )}
        </span>
        {guest.guests.length > 0 && <span className={s.dim}>{guest.guests.join(', ')}</span>}
      </span>
      <span className={s.state}>
        <span>{status}</span>
        <span className={s.dim}>{t.door.no(guest.line_no)}</span>
      </span>
    </button>
  )
}
