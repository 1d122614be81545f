import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useMatches, useRouterState } from '@tanstack/react-router'
import Menu from 'lucide-react/icons/menu'
import X from 'lucide-react/icons/x'
import { useEffect, useRef, useState, type MouseEvent } from 'react'
import { configQuery, useMe, useSignOut } from '../api/session'
import { applyTheme, storedTheme, THEMES, type Theme } from './theme'
import { useI18n, useT } from '../i18n'
import { Button, buttonClass } from '../ui/Button'
import { useOnline } from '../ui/hooks'
import s from './Shell.module.css'

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** A page that is a tool of its own and fills the screen: no header, no footer. */
    bare?: boolean
  }
}

export function Shell() {
  const t = useT()
  const online = useOnline()
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const bare = useMatches({ select: (all) => all.some((match) => match.staticData.bare) })
  const first = useRef(true)
  useEffect(() => {
    // After a move to another page the reader's cursor belongs at its start, as after a page load.
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [path])

  if (bare) {
    return (
      <main id="main" ref={main} tabIndex={-1} className={s.main}>
        <Outlet />
      </main>
    )
  }
  return (
    <>
      <a className={s.skip} href="#main">
        {t.common.skip}
      </a>
      <Header />
      <div role="status">{!online && <p className={s.offline}>{t.offline.banner}</p>}</div>
      <main id="main" ref={main} tabIndex={-1} className={s.main}>
        <Outlet />
      </main>
      <Footer />
    </>
  )
}

function Header() {
  const t = useT()
  const me = useMe().data
  return (
    <header className={s.header}>
      <Link to="/" className={s.brand}>
        <Mark />
        CityEvents
      </Link>
      <nav className={s.nav} aria-label={t.nav.main}>
        <Link to="/" className={s.link} activeOptions={{ exact: true, includeSearch: false }}>
          {t.nav.discover}
        </Link>
        {me && (
          <>
            <Link to="/me/places" className={s.link}>
              {t.nav.places}
            </Link>
            <Link to="/me/events" className={s.link}>
              {t.nav.events}
            </Link>
            <Link to="/me/account" className={s.link}>
              {t.nav.account}
            </Link>
          </>
        )}
        {!me && (
          <>
            <Link to="/sign-in" className={s.link}>
              {t.nav.signIn}
            </Link>
            <Link to="/sign-up" className={s.link}>
              {t.nav.signUp}
            </Link>
          </>
        )}
        <Link to="/events/new" className={buttonClass({ size: 'small' })}>
          {t.nav.create}
        </Link>
      </nav>
      <Button
        popoverTarget="menu"
        variant="quiet"
        size="small"
        className={s.menuButton}
        aria-haspopup="dialog"
      >
        <Menu aria-hidden="true" />
        {t.nav.menu}
      </Button>
      <MobileMenu />
    </header>
  )
}

function MobileMenu() {
  const t = useT()
  const me = useMe().data
  const ref = useRef<HTMLElement>(null)
  const signOut = useSignOut()
  const dev = useQuery(configQuery).data?.mode === 'dev'
  function close(event: MouseEvent) {
    if ((event.target as HTMLElement).closest('a, button')) ref.current?.hidePopover()
  }
  return (
    <nav
      id="menu"
      ref={ref}
      popover="auto"
      className={s.menu}
      aria-label={t.nav.menu}
      onClick={close}
    >
      <Button size="small" className={s.close} variant="plain">
        <X aria-hidden="true" />
        {t.common.close}
      </Button>
      <ul role="list">
        <li>
          <Link to="/" className={s.menuLink} activeOptions={{ exact: true, includeSearch: false }}>
            {t.nav.discover}
          </Link>
        </li>
        {me && (
          <>
            <li>
              <Link to="/me/places" className={s.menuLink}>
                {t.nav.places}
              </Link>
            </li>
            <li>
              <Link to="/me/events" className={s.menuLink}>
                {t.nav.events}
              </Link>
            </li>
          </>
        )}
        <li>
          <Link to="/events/new" className={s.menuLink}>
            {t.nav.create}
          </Link>
        </li>
        {me ? (
          <>
            <li>
              <Link to="/me/account" className={s.menuLink}>
                {t.nav.account}
              </Link>
            </li>
            <li>
              <button type="button" className={s.menuLink} onClick={() => void signOut()}>
                {t.nav.signOut}
              </button>
            </li>
          </>
        ) : (
          <>
            <li>
              <Link to="/sign-in" className={s.menuLink}>
                {t.nav.signIn}
              </Link>
            </li>
            <li>
              <Link to="/sign-up" className={s.menuLink}>
                {t.nav.signUp}
              </Link>
            </li>
          </>
        )}
        {dev && (
          <li>
            <Link to="/dev/mail" className={s.menuLink}>
              {t.nav.mail}
            </Link>
          </li>
        )}
      </ul>
    </nav>
  )
}

function Footer() {
  const { t, locale, setLocale } = useI18n()
  const [theme, setTheme] = useState<Theme>(storedTheme)
  const dev = useQuery(configQuery).data?.mode === 'dev'
  return (
    <footer className={s.footer}>
      <div className={s.footerInner}>
        <p className={s.tagline}>{t.nav.tagline}</p>
        {dev && (
          <Link to="/dev/mail" className={s.footerLink}>
            {t.nav.mail}
          </Link>
        )}
        <a href="/api/docs" className={s.footerLink}>
          {t.nav.apiDocs}
        </a>
        <label className={s.pick}>
          {t.nav.language}
          <select
            value={locale}
            onChange={(event) => void setLocale(event.target.value === 'de' ? 'de' : 'en')}
          >
            <option value="en" lang="en">
              English
            </option>
            <option value="de" lang="de">
              Deutsch
            </option>
          </select>
        </label>
        <label className={s.pick}>
          {t.nav.theme}
          <select
            value={theme}
            onChange={(event) => {
              const chosen = THEMES.find((item) => item === event.target.value) ?? 'system'
              setTheme(chosen)
              applyTheme(chosen)
            }}
          >
            {THEMES.map((item) => (
              <option key={item} value={item}>
                {t.nav.themes[item]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </footer>
  )
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path fill="var(--accent)" d="M0 0h32v32H0z" />
      <path fill="var(--paper)" d="M6 26V14a10 10 0 0 1 20 0v12z" />
      <circle cx="16" cy="14" r="4.5" fill="#ef4b2f" />
      <path fill="var(--ink)" d="M6 22h20v4H6z" />
    </svg>
  )
}
