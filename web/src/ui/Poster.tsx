import { useState, type CSSProperties } from 'react'
import { cx } from './cx'
import s from './Poster.module.css'

/** An event's poster. Decorative beside its title; give `alt` where it stands alone. */
export function Poster(props: {
  src: string
  alt?: string
  eager?: boolean
  className?: string
  style?: CSSProperties
}) {
  const [failed, setFailed] = useState(false)
  return (
    <span className={cx(s.poster, props.className)} style={props.style}>
      {!failed && (
        <img
          src={props.src}
          alt={props.alt ?? ''}
          width={800}
          height={1000}
          loading={props.eager ? 'eager' : 'lazy'}
          decoding="async"
          onError={() => setFailed(true)}
        />
      )}
    </span>
  )
}
