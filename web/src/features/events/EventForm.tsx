import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { api, unwrap } from '../../api/client'
import { CATEGORIES } from '../../api/types'
import { languageName, useI18n } from '../../i18n'
import { Button } from '../../ui/Button'
import { Alert, CheckField, formClass, SelectField, TextArea, TextField } from '../../ui/Field'
import type { useForm } from '../../ui/useForm'
import type { Draft } from './draft'
import s from './EventForm.module.css'
import { Markdown } from './Markdown'
import { RegistrationFields } from './RegistrationFields'

const LANGUAGES = 'en de es fr it nl pl pt tr uk ru ar fa el ro cs da sv'.split(' ')
const TITLE_MAX = 200
const DESCRIPTION_MAX = 20_000
const CAPACITY_MAX = 1_000_000

type Form = ReturnType<typeof useForm>

/** The fields of an event. Uncontrolled: `initial` is read once, a new `key` starts afresh. */
export function EventForm(props: {
  form: Form
  initial: Draft
  submitLabel: string
  notice?: ReactNode
  onInput?: () => void
  /** Whether the rules of registration are shown. */
  unfolded: boolean
  onUnfold: (unfolded: boolean) => void
}) {
  const { form, initial } = props
  const { t, locale } = useI18n()
  const e = t.editor
  const [allDay, setAllDay] = useState(initial.all_day ?? false)
  const [limited, setLimited] = useState(typeof initial.capacity === 'number')
  const cities = useQuery({
    queryKey: ['events', 'facets'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/events/facets', { signal })),
    staleTime: 5 * 60_000,
  }).data?.cities
  const languages = [...new Set([...LANGUAGES, initial.language])].filter(Boolean)
  const dateValue = (value: string) => (allDay ? value.slice(0, 10) : value)
  const dateType = allDay ? 'date' : 'datetime-local'

  // Changing the inputs' type empties them; carry day and time over so that nothing typed is lost.
  function switchAllDay(next: boolean, element: HTMLFormElement | null) {
    const inputs = ['starts_at_local', 'ends_at_local'].map(
      (name) => element?.elements.namedItem(name) as HTMLInputElement | null,
    )
    const kept = inputs.map((input) => input?.value ?? '')
    const times = ['19:00', '22:00']
    setAllDay(next)
    requestAnimationFrame(() =>
      inputs.forEach((input, index) => {
        const day = kept[index]?.slice(0, 10)
        if (input && day) input.value = next ? day : `${day}T${times[index]}`
      }),
    )
  }

  return (
    <form className={formClass} {...form.props} onInput={props.onInput}>
      {props.notice}
      {form.errors.form && <Alert>{form.errors.form}</Alert>}
      <fieldset className={s.set}>
        <legend>{e.what}</legend>
        <TextField
          {...form.field('title')}
          label={e.title}
          hint={e.titleHint}
          defaultValue={initial.title}
          maxLength={TITLE_MAX}
          className={s.titleInput}
          required
        />
        <Description form={form} initial={initial.description} />
        <div className={s.row}>
          <SelectField
            {...form.field('category')}
            label={e.category}
            defaultValue={initial.category}
          >
            {CATEGORIES.map((category) => (
              <option key={category} value={category}>
                {t.categories[category]}
              </option>
            ))}
          </SelectField>
          <SelectField
            {...form.field('language')}
            label={e.language}
            defaultValue={initial.language}
          >
            {languages.map((tag) => (
              <option key={tag} value={tag}>
                {languageName(tag, locale)}
              </option>
            ))}
          </SelectField>
        </div>
      </fieldset>

      <fieldset className={s.set}>
        <legend>{e.when}</legend>
        <CheckField
          name="all_day"
          label={e.allDay}
          checked={allDay}
          onChange={(event) => switchAllDay(event.target.checked, event.target.form)}
        />
        <div className={s.row}>
          <TextField
            {...form.field('starts_at_local')}
            label={e.start}
            type={dateType}
            defaultValue={dateValue(initial.starts_at_local)}
            required
          />
          <TextField
            {...form.field('ends_at_local')}
            label={e.end}
            type={dateType}
            defaultValue={dateValue(initial.ends_at_local)}
            required
          />
        </div>
        <TextField
          {...form.field('timezone')}
          label={e.zone}
          hint={e.zoneHint}
          list="timezones"
          defaultValue={initial.timezone}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <datalist id="timezones">
          {zones().map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </fieldset>

      <fieldset className={s.set}>
        <legend>{e.where}</legend>
        <div className={s.row}>
          <TextField
            {...form.field('venue.name')}
            label={e.venue}
            defaultValue={initial.venue.name}
            maxLength={200}
            required
          />
          <TextField
            {...form.field('city')}
            label={e.city}
            list="cities"
            defaultValue={initial.city}
            maxLength={100}
            required
          />
        </div>
        <datalist id="cities">
          {cities?.map((city) => (
            <option key={city.name} value={city.name} />
          ))}
        </datalist>
        <TextField
          {...form.field('venue.address')}
          label={e.address}
          defaultValue={initial.venue.address ?? ''}
          maxLength={300}
        />
        <div className={s.row}>
          <TextField
            {...form.field('venue.lat')}
            label={e.lat}
            hint={e.coordinatesHint}
            inputMode="decimal"
            pattern="\s*-?[0-9]+([.,][0-9]+)?\s*"
            defaultValue={initial.venue.lat ?? ''}
          />
          <TextField
            {...form.field('venue.lon')}
            label={e.lon}
            inputMode="decimal"
            pattern="\s*-?[0-9]+([.,][0-9]+)?\s*"
            defaultValue={initial.venue.lon ?? ''}
          />
        </div>
      </fieldset>

      <fieldset className={s.set}>
        <legend>{e.places}</legend>
        <CheckField
          name="limited"
          label={e.limit}
          checked={limited}
          onChange={(event) => setLimited(event.target.checked)}
        />
        <div className={s.row}>
          {limited && (
            <TextField
              {...form.field('capacity')}
              label={e.capacity}
              hint={e.capacityHint}
              type="number"
              min={0}
              max={CAPACITY_MAX}
              step={1}
              defaultValue={initial.capacity ?? ''}
              required
            />
          )}
          <TextField
            {...form.field('price')}
            label={e.price}
            hint={e.priceHint}
            defaultValue={initial.price ?? ''}
            maxLength={100}
          />
        </div>
        <TextField
          {...form.field('external_url')}
          label={e.website}
          type="url"
          placeholder="https://"
          defaultValue={initial.external_url ?? ''}
          maxLength={500}
        />
      </fieldset>

      <RegistrationFields
        form={form}
        initial={initial.registration}
        timezone={initial.timezone}
        unfolded={props.unfolded}
        onUnfold={props.onUnfold}
        onChange={props.onInput}
      />
      <div className={s.submit}>
        <Button type="submit" variant="primary" size="large" busy={form.busy}>
          {props.submitLabel}
        </Button>
      </div>
    </form>
  )
}

function Description({ form, initial }: { form: Form; initial: string }) {
  const { t } = useI18n()
  const [preview, setPreview] = useState(false)
  const [text, setText] = useState(initial)
  const shown = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (preview) shown.current?.focus()
  }, [preview])
  return (
    <div>
      <div hidden={preview}>
        <TextArea
          {...form.field('description')}
          label={t.editor.description}
          hint={t.editor.descriptionHint}
          value={text}
          onChange={(event) => setText(event.target.value)}
          maxLength={DESCRIPTION_MAX}
          rows={10}
          required
          corner={<PreviewSwitch preview={preview} onChange={setPreview} />}
        />
      </div>
      {preview && (
        <>
          <PreviewSwitch preview={preview} onChange={setPreview} />
          <div ref={shown} className={s.preview} tabIndex={-1} aria-label={t.editor.preview}>
            {text.trim() ? <Markdown text={text} /> : <p>{t.editor.previewEmpty}</p>}
          </div>
        </>
      )}
    </div>
  )
}

function PreviewSwitch(props: { preview: boolean; onChange: (preview: boolean) => void }) {
  const { t } = useI18n()
  return (
    <span className={s.switch}>
      <button type="button" aria-pressed={!props.preview} onClick={() => props.onChange(false)}>
        {t.editor.write}
      </button>
      <button type="button" aria-pressed={props.preview} onClick={() => props.onChange(true)}>
        {t.editor.preview}
      </button>
    </span>
  )
}

function zones(): string[] {
  try {
    return Intl.supportedValuesOf('timeZone')
  } catch {
    return []
  }
}
