import s from './Decor.module.css'

/** Three sheets in the house's own inks, where a page has room but nothing to show. */
export function Decor() {
  return (
    <div className={s.decor} aria-hidden="true">
      <svg viewBox="0 0 160 200">
        <path fill="var(--accent)" d="M0 0h160v200H0z" />
        <path fill="var(--sheet)" d="M24 200V92a56 56 0 0 1 112 0v108z" />
        <circle cx="80" cy="88" r="28" fill="#ef4b2f" />
        <path fill="var(--ink)" d="M24 160h112v40H24z" />
      </svg>
      <svg viewBox="0 0 160 200">
        <path fill="var(--sheet)" d="M0 0h160v200H0z" />
        <path fill="var(--ink)" d="M0 130c40-34 80-34 160 0v70H0z" />
        <path fill="#ef4b2f" d="M0 96c52 30 108 30 160 0v30c-52 30-108 30-160 0z" />
        <path fill="var(--mark)" d="M0 48c52 30 108 30 160 0v30c-52 30-108 30-160 0z" />
      </svg>
      <svg viewBox="0 0 160 200">
        <path fill="var(--mark)" d="M0 0h160v200H0z" />
        <path fill="#ef4b2f" d="M0 200V60h70a70 70 0 0 1 0 140z" />
        <circle cx="118" cy="46" r="26" fill="var(--on-mark)" />
      </svg>
    </div>
  )
}
