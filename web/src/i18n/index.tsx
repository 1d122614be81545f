import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import type { Locale } from './dates'
import type { Messages } from './en'

const STORED = 'cityevents.locale'

/** Stored choice first, then the browser's languages, then English. */
export function detectLocale(
  stored = readStored(),
  languages: readonly string[] = navigator.languages,
): Locale {
  if (stored === 'en' || stored === 'de') return stored
  for (const tag of languages) {
    const primary = tag.toLowerCase().split('-')[0]
    if (primary === 'de' || primary === 'en') return primary
  }
  return 'en'
}

function readStored() {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** Each language is its own chunk: nobody loads the one they don't read. */
export async function loadMessages(locale: Locale): Promise<Messages> {
  return locale === 'de' ? (await import('./de')).de : (await import('./en')).en
}

type I18n = { locale: Locale; t: Messages; setLocale: (locale: Locale) => Promise<void> }

const Context = createContext<I18n | null>(null)

export function I18nProvider(props: { locale: Locale; messages: Messages; children: ReactNode }) {
  const [state, setState] = useState({ locale: props.locale, t: props.messages })
  useEffect(() => {
    document.documentElement.lang = state.locale
  }, [state.locale])
  const value = useMemo<I18n>(
    () => ({
      ...state,
      setLocale: async (locale) => {
        const t = await loadMessages(locale)
        try {
          localStorage.setItem(STORED, locale)
        } catch {
          // the choice then lasts as long as the page
        }
        setState({ locale, t })
      },
    }),
    [state],
  )
  return <Context value={value}>{props.children}</Context>
}

export function useI18n(): I18n {
  const value = use(Context)
  if (!value) throw new Error('I18nProvider is missing')
  return value
}

export function useT(): Messages {
  return useI18n().t
}

/** A text's language for the `lang` attribute: one that nobody stated is left to the browser. */
export const langOf = (tag: string) => (tag === 'und' ? undefined : tag)

/** A language's name in the reader's language: "German", "Deutsch". */
export function languageName(tag: string, locale: Locale): string {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}
