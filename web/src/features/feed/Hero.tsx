import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import Search from 'lucide-react/icons/search'
import X from 'lucide-react/icons/x'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useT } from '../../i18n'
import { cx } from '../../ui/cx'
import { useMedia } from '../../ui/hooks'
import { Poster } from '../../ui/Poster'
import s from './Hero.module.css'
import { trendingQuery } from './queries'

const TYPING_PAUSE_MS = 300

/** The search box, set like a headline, and under it the sentence of filters. */
export function Hero(props: { q: string; onSearch: (q: string) => void; children: ReactNode }) {
  const t = useT()
  const [text, setText] = useState(props.q)
  const narrow = useMedia('(max-width: 34rem)')
  const sent = useRef(props.q)
  const input = useRef<HTMLInputElement>(null)
  const { onSearch } = props

  // The address bar leads: back and "start over" must show in the box, one's own typing must not jump.
  useEffect(() => {
    if (props.q !== sent.current) {
      sent.current = props.q
      setText(props.q)
    }
  }, [props.q])

  useEffect(() => {
    const wanted = text.trim()
    if (wanted === sent.current) return
    const timer = setTimeout(() => {
      sent.current = wanted
      onSearch(wanted)
    }, TYPING_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, onSearch])

  const trending = useQuery(trendingQuery).data?.items.slice(0, 3) ?? []
  const withFan = trending.length === 3

  return (
    <section className={cx(s.hero, withFan && s.withFan)}>
      <div className={s.main}>
        <h1 className="vh">{t.discover.heading}</h1>
        <form
          role="search"
          className={s.search}
          onSubmit={(event) => {
            event.preventDefault()
            sent.current = text.trim()
            onSearch(sent.current)
            input.current?.blur() // lets a phone's keyboard make room for the results
          }}
        >
          <input
            ref={input}
            className={s.input}
            type="search"
            name="q"
            maxLength={200}
            enterKeyHint="search"
            autoComplete="off"
            aria-label={t.discover.searchLabel}
            placeholder={narrow ? t.discover.placeholderShort : t.discover.placeholder}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          {text ? (
            <button
              type="button"
              className={s.icon}
              aria-label={t.discover.clearSearch}
              onClick={() => {
                setText('')
                sent.current = ''
                onSearch('')
                input.current?.focus()
              }}
            >
              <X aria-hidden="true" />
            </button>
          ) : (
            <button type="submit" className={s.icon} aria-label={t.discover.search}>
              <Search aria-hidden="true" />
            </button>
          )}
        </form>
        {props.children}
      </div>
      {withFan && (
        <div className={s.fan} role="group" aria-label={t.discover.trending}>
          {trending.map((card) => (
            <Link
              key={card.id}
              className={s.fanItem}
              to="/events/$id/{-$slug}"
              params={{ id: card.id, slug: card.slug || undefined }}
            >
              <Poster src={card.cover.svg} alt={card.title} eager />
            </Link>
          ))}
        </div>
      )}
    </section>
  )
}
