import type { EventView } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import type { PlaceState } from './place'

/** Whoever gives something up is told what they lose by it. */
export function LeaveDialog(props: {
  event: Pick<EventView, 'places'>
  state: Pick<PlaceState, 'kind'>
  onClose: () => void
  onLeave: () => void
}) {
  const t = useT()
  const words = wordsFor()
  return (
    <Dialog open onClose={props.onClose} title={words.title}>
      <p>{words.text}</p>
      <DialogActions>
        <Button variant="danger" onClick={props.onLeave}>
          {words.leave}
        </Button>
        <Button onClick={props.onClose}>{t.place.keep}</Button>
      </DialogActions>
    </Dialog>
  )

  function wordsFor() {
    const { place } = t
    switch (props.state.kind) {
      case 'pending':
        return { title: place.withdrawTitle, text: place.withdrawText, leave: place.withdraw }
      case 'waitlisted':
        return { title: place.leaveLineTitle, text: place.leaveLineText, leave: place.leaveLine }
      case 'offered':
        return {
          title: place.offer.declineTitle,
          text: place.offer.declineText,
          leave: place.offer.decline,
        }
      default: {
        const limited = props.event.places?.capacity != null
        const text = limited ? place.leaveText : place.leaveTextUnlimited
        return { title: place.leaveTitle, text, leave: place.leave }
      }
    }
  }
}
