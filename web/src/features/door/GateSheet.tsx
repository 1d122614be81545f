import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useT } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { TextField } from '../../ui/Field'
import s from './GateSheet.module.css'
import { Over } from './Over'

const STORED = 'cityevents.gate.'

/** How this gate is called; kept on this device. */
export function useGate(eventId: string) {
  const [gate, setGate] = useState(() => {
    try {
      return localStorage.getItem(STORED + eventId) ?? ''
    } catch {
      return ''
    }
  })
  function save(name: string) {
    setGate(name)
    try {
      localStorage.setItem(STORED + eventId, name)
    } catch {
      // then it lasts as long as the page
    }
  }
  return [gate, save] as const
}

export function GateSheet(props: {
  gate: string
  /** Set for those who say who stands at the door. */
  stewardsOf?: string
  onSave: (gate: string) => void
  onClose: () => void
}) {
  const t = useT()
  return (
    <Over shape="sheet" label={t.door.gateTitle} onClose={props.onClose}>
      <form
        className={s.form}
        onSubmit={(event) => {
          event.preventDefault()
          const gate = new FormData(event.currentTarget).get('gate')
          props.onSave(typeof gate === 'string' ? gate.trim() : '')
        }}
      >
        <TextField
          name="gate"
          label={t.door.gateTitle}
          hint={t.door.gateHint}
          defaultValue={props.gate}
          maxLength={50}
          autoComplete="off"
          autoFocus
        />
        <Button type="submit" variant="primary" size="large" wide>
          {t.door.gateSave}
        </Button>
      </form>
      {props.stewardsOf && (
        <Link
          to="/events/$id/stewards"
          params={{ id: props.stewardsOf }}
          className={buttonClass({ wide: true })}
        >
          {t.door.stewards}
        </Link>
      )}
    </Over>
  )
}
