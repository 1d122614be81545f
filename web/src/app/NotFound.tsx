import { Link } from '@tanstack/react-router'
import { useT } from '../i18n'
import { buttonClass } from '../ui/Button'
import { useTitle } from '../ui/hooks'
import s from './NotFound.module.css'

export function NotFound() {
  const t = useT()
  useTitle(t.notFound.title)
  return (
    <div className={s.page}>
      <TornPoster />
      <div className={s.text}>
        <h1>{t.notFound.title}</h1>
        <p>{t.notFound.text}</p>
        <Link to="/" className={buttonClass({ variant: 'primary', size: 'large' })}>
          {t.notFound.home}
        </Link>
      </div>
    </div>
  )
}

/** What is left on the wall when a poster has been taken down: four corners and their tape. */
function TornPoster() {
  return (
    <svg className={s.wall} viewBox="0 0 320 400" aria-hidden="true">
      <path d="M0 0h128l-14 22 8 20-26 16-8 34-30 12-10 30-22 4-26 22z" fill="var(--accent)" />
      <path d="M320 0h-92l10 18-14 22 22 14 6 28 24 8 16 26 28 6z" fill="var(--ink)" />
      <path d="M0 400v-96l20 10 14 26 30 6 8 26 26 10-6 18z" fill="var(--ink)" />
      <path d="M320 400H202l8-24 28-6 10-30 26-8 14-34 32-10z" fill="var(--mark)" />
      <rect
        x="1"
        y="1"
        width="318"
        height="398"
        fill="none"
        stroke="var(--line-strong)"
        strokeWidth="2"
        strokeDasharray="5 7"
      />
    </svg>
  )
}
