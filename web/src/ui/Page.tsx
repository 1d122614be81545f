import type { ReactNode } from 'react'
import { Decor } from './Decor'
import s from './Page.module.css'

/** A page with a headline, its actions beside it. */
export function Page(props: {
  title: ReactNode
  lead?: ReactNode
  actions?: ReactNode
  small?: boolean
  children: ReactNode
}) {
  return (
    <div className={s.page}>
      <header className={s.head}>
        <div>
          <h1 data-size={props.small ? 'small' : undefined}>{props.title}</h1>
          {props.lead && <p>{props.lead}</p>}
        </div>
        {props.actions}
      </header>
      {props.children}
    </div>
  )
}

/** A page that asks for one thing: the headline on one side, the form on the other. */
export function SplitPage(props: {
  title: ReactNode
  lead?: ReactNode
  aside?: ReactNode
  /** What hangs under the headline; without it, three sheets of the house's own. */
  picture?: ReactNode
  children: ReactNode
}) {
  return (
    <div className={s.page}>
      <div className={s.split}>
        <div className={s.intro}>
          <h1>{props.title}</h1>
          {props.lead && <p>{props.lead}</p>}
          {props.picture ?? <Decor />}
        </div>
        <div className={s.panel}>
          {props.children}
          {props.aside && <div className={s.aside}>{props.aside}</div>}
        </div>
      </div>
    </div>
  )
}

/** Links that switch between views of one page. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav className={s.tabs} aria-label={label}>
      {children}
    </nav>
  )
}
