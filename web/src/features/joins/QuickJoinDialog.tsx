import { Link } from '@tanstack/react-router'
import type { EventView } from '../../api/types'
import { useT } from '../../i18n'
import { Dialog } from '../../ui/Dialog'
import s from './QuickJoin.module.css'
import { QuickJoinForm } from './QuickJoinForm'

/** The way to a place for whoever has no account, beside the place itself. */
export function QuickJoinDialog(props: {
  event: EventView
  /** What the button that leads here says. */
  title: string
  onClose: () => void
}) {
  const { event } = props
  const t = useT()
  return (
    <Dialog open onClose={props.onClose} title={props.title}>
      <div className={s.dialog}>
        <QuickJoinForm event={event} lead={t.quick.lead} />
        <p className={s.dim}>
          {t.quick.haveAccount}{' '}
          <Link to="/sign-in" search={{ next: `/events/${event.id}/${event.slug}` }}>
            {t.auth.signInTitle}
          </Link>
        </p>
      </div>
    </Dialog>
  )
}
