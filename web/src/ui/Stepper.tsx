import Minus from 'lucide-react/icons/minus'
import Plus from 'lucide-react/icons/plus'
import { useId } from 'react'
import s from './Stepper.module.css'

/** A small whole number: typed, or counted up and down with a thumb. */
export function Stepper(props: {
  label: string
  hint?: string
  name: string
  value: number
  min: number
  max: number
  onChange: (value: number) => void
  /** What the buttons are called. */
  fewer: string
  more: string
}) {
  const { value, min, max } = props
  const id = useId()
  const set = (next: number) => props.onChange(Math.min(max, Math.max(min, next)))
  return (
    <div className={s.row}>
      <div className={s.label}>
        <label htmlFor={id}>{props.label}</label>
        {props.hint && (
          <span id={`${id}-hint`} className={s.hint}>
            {props.hint}
          </span>
        )}
      </div>
      <div className={s.stepper}>
        <button
          type="button"
          aria-label={props.fewer}
          aria-disabled={value <= min}
          onClick={() => set(value - 1)}
        >
          <Minus aria-hidden="true" />
        </button>
        <input
          id={id}
          name={props.name}
          type="number"
          inputMode="numeric"
          min={min}
          max={max}
          step={1}
          value={value}
          aria-describedby={props.hint ? `${id}-hint` : undefined}
          onChange={(event) => {
            const next = event.target.valueAsNumber
            if (Number.isInteger(next)) set(next)
          }}
        />
        <button
          type="button"
          aria-label={props.more}
          aria-disabled={value >= max}
          onClick={() => set(value + 1)}
        >
          <Plus aria-hidden="true" />
        </button>
      </div>
    </div>
  )
}
