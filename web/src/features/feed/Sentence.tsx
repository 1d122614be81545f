import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CATEGORIES } from '../../api/types'
import { languageName, useI18n } from '../../i18n'
import { formatDay, formatNumber } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { formClass, TextField } from '../../ui/Field'
import { isFiltered, NEAR_RADIUS_KM, SORTS, sortOf, WHENS, type Filters } from './filters'
import { facetsQuery } from './queries'
import s from './Sentence.module.css'

const LANGUAGES = ['en', 'de', 'es', 'fr']
const NEAR = '\u0000near'
const PICK = '\u0000pick'

type Option = { value: string; label: string; count?: number }

/** A word of the sentence: plain type over a native select, so phones and screen readers get theirs. */
function Word(props: {
  label: string
  shown: string
  set: boolean
  value: string
  options: Option[]
  onChange: (value: string) => void
}) {
  const { locale } = useI18n()
  return (
    <label className={cx(s.word, props.set && s.set)}>
      <span className="vh">{props.label}</span>
      <span className={s.shown} aria-hidden="true">
        {props.shown}
      </span>
      <select value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
            {option.count === undefined ? '' : ` (${formatNumber(option.count, locale)})`}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The filters as a sentence whose words can be changed: "Anything, in Berlin, this weekend, free". */
export function Sentence(props: {
  filters: Filters
  today: string
  onChange: (change: Partial<Filters>) => void
  onReset: () => void
}) {
  const { filters, onChange, today } = props
  const { t, locale } = useI18n()
  const facets = useQuery(facetsQuery).data
  const [picking, setPicking] = useState(false)
  const [note, setNote] = useState<string | null>(null)
  const d = t.discover

  const counts = new Map(facets?.categories.map((entry) => [entry.name, entry.count]))
  const cities = facets?.cities ?? []
  const known = cities.some((entry) => entry.name === filters.city)
  const cityOptions: Option[] = [
    { value: '', label: d.anywhere },
    { value: NEAR, label: d.nearMeOption },
    ...(filters.city && !known ? [{ value: filters.city, label: filters.city }] : []),
    ...cities.map((entry) => ({ value: entry.name, label: entry.name, count: entry.count })),
  ]
  const radius = filters.radius_km ?? NEAR_RADIUS_KM
  const short = (day: string) => formatDay(day, today, locale, 'short')
  const sort = sortOf(filters)
  const sortWords = {
    soonest: d.sortSoonest,
    relevance: d.sortRelevance,
    trending: d.sortTrending,
  }

  function chooseCity(value: string) {
    setNote(null)
    if (value !== NEAR) return onChange({ city: value || undefined, near: undefined })
    setNote(d.locating)
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setNote(null)
        onChange({
          near: `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`,
          city: undefined,
        })
      },
      () => setNote(d.locationDenied),
      { timeout: 10_000, maximumAge: 600_000 },
    )
  }

  function chooseWhen(value: string) {
    if (value === PICK) return setPicking(true)
    onChange({ when: WHENS.find((when) => when === value), from: undefined, to: undefined })
  }

  function whenShown() {
    const { from, to, when } = filters
    if (from && from === to) return d.onDay(short(from))
    if (from && to) return d.fromTo(short(from), short(to))
    if (from) return d.since(short(from))
    if (to) return d.until(short(to))
    return when ? d[when] : d.anyDay
  }

  return (
    <>
      <div className={s.sentence} role="group" aria-label={d.filters}>
        <Word
          label={d.kind}
          shown={filters.category ? t.categories[filters.category] : d.anything}
          set={!!filters.category}
          value={filters.category ?? ''}
          options={[
            { value: '', label: d.anything },
            ...CATEGORIES.map((category) => ({
              value: category,
              label: t.categories[category],
              count: counts.get(category),
            })),
          ]}
          onChange={(value) =>
            onChange({ category: CATEGORIES.find((category) => category === value) })
          }
        />
        <Word
          label={d.city}
          shown={
            filters.near ? d.nearMe(radius) : filters.city ? d.inCity(filters.city) : d.anywhere
          }
          set={!!(filters.city || filters.near)}
          value={filters.near ? NEAR : (filters.city ?? '')}
          options={cityOptions}
          onChange={chooseCity}
        />
        <Word
          label={d.when}
          shown={whenShown()}
          set={!!(filters.when || filters.from || filters.to)}
          value={filters.from || filters.to ? PICK : (filters.when ?? '')}
          options={[
            { value: '', label: d.anyDay },
            ...WHENS.map((when) => ({ value: when, label: d[when] })),
            { value: PICK, label: filters.from || filters.to ? whenShown() : d.pickDays },
          ]}
          onChange={chooseWhen}
        />
        <Word
          label={d.price}
          shown={filters.free ? d.free : d.anyPrice}
          set={!!filters.free}
          value={filters.free ? 'free' : ''}
          options={[
            { value: '', label: d.anyPrice },
            { value: 'free', label: d.free },
          ]}
          onChange={(value) => onChange({ free: value === 'free' ? true : undefined })}
        />
        <Word
          label={d.lang}
          shown={
            filters.language ? d.inLanguage(languageName(filters.language, locale)) : d.anyLanguage
          }
          set={!!filters.language}
          value={filters.language ?? ''}
          options={[
            { value: '', label: d.anyLanguage },
            ...[...new Set([...LANGUAGES, ...(filters.language ? [filters.language] : [])])].map(
              (tag) => ({ value: tag, label: languageName(tag, locale) }),
            ),
          ]}
          onChange={(value) => onChange({ language: value || undefined })}
        />
        <Word
          label={d.sort}
          shown={sortWords[sort]}
          set={!!filters.sort}
          value={sort}
          options={SORTS.filter((value) => value !== 'relevance' || filters.q).map((value) => ({
            value,
            label: sortWords[value],
          }))}
          onChange={(value) => {
            const chosen = SORTS.find((item) => item === value)
            const isDefault = chosen === sortOf({ ...filters, sort: undefined })
            onChange({ sort: isDefault ? undefined : chosen })
          }}
        />
        {(isFiltered(filters) || filters.sort) && (
          <button type="button" className={s.reset} onClick={props.onReset}>
            {d.reset}
          </button>
        )}
      </div>
      <p className={s.note} role="status" hidden={!note}>
        {note}
      </p>
      <Dialog open={picking} onClose={() => setPicking(false)} title={d.pickTitle}>
        <form
          className={formClass}
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            const from = day(data.get('from'))
            const to = day(data.get('to'))
            const swapped = from && to && to < from
            onChange({
              when: undefined,
              from: swapped ? to : from,
              to: swapped ? from : to,
            })
            setPicking(false)
          }}
        >
          <div className={s.days}>
            <TextField
              label={d.from}
              name="from"
              type="date"
              min={today}
              defaultValue={filters.from ?? today}
            />
            <TextField label={d.to} name="to" type="date" min={today} defaultValue={filters.to} />
          </div>
          <DialogActions>
            <Button type="submit" variant="primary">
              {d.apply}
            </Button>
            <Button onClick={() => setPicking(false)}>{t.common.cancel}</Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  )
}

const day = (value: FormDataEntryValue | null) =>
  typeof value === 'string' && value !== '' ? value : undefined
