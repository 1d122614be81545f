import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import ArrowLeft from 'lucide-react/icons/arrow-left'
import ListOrdered from 'lucide-react/icons/list-ordered'
import ScanLine from 'lucide-react/icons/scan-line'
import Undo from 'lucide-react/icons/undo-2'
import Users from 'lucide-react/icons/users'
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { eventQuery } from '../../api/event'
import { meQuery } from '../../api/session'
import { useI18n } from '../../i18n'
import { formatClock, formatNumber } from '../../i18n/dates'
import { useToast } from '../../ui/Toast'
import { Camera } from './Camera'
import { Conflicts } from './Conflicts'
import { waitingIn, type Desk, type DeskState } from './desk'
import s from './DoorDesk.module.css'
import { GateSheet, useGate } from './GateSheet'
import { HowMany } from './HowMany'
import { NameList } from './NameList'
import { count } from './standing'
import type { Guest, Kept, Way } from './types'
import type { Verdict } from './verdict'
import { tremble, VerdictScreen } from './VerdictScreen'
import { WalkIns } from './WalkIns'

type Tab = 'scan' | 'names' | 'line'
/** What lies over the door. `free` hands hold a camera: a good ticket goes away by itself. */
type Shown = { verdict: Verdict; hands: 'free' | 'full'; key: number }

/** The door while it is open: who has come, the camera, the names, the line. */
export function DoorDesk(props: {
  id: string
  desk: Desk
  state: DeskState & { kept: Kept }
  userId: string | null
}) {
  const { id, desk, state } = props
  const { kept } = state
  const { t } = useI18n()
  const say = useToast()
  const [tab, setTab] = useState<Tab>('scan')
  const [way, setWay] = useState<Way>('in')
  const [shown, setShown] = useState<Shown | null>(null)
  const [sheet, setSheet] = useState<'gate' | 'conflicts' | null>(null)
  const [gate, setGate] = useGate(id)
  const busy = useRef(false)
  const organises = useQuery(eventQuery(id)).data?.actions.can_edit ?? false
  useAwake()

  const close = useCallback(() => setShown(null), [])

  /** One thing at a time: what comes meanwhile is held before the camera again. */
  async function show(ask: () => Promise<Verdict | null>, hands: Shown['hands']) {
    if (busy.current) return
    busy.current = true
    try {
      const verdict = await ask()
      if (!verdict) return setShown(null)
      tremble(verdict)
      setShown({ verdict, hands, key: performance.now() })
    } finally {
      busy.current = false
    }
  }

  function onCode(code: string, hands: Shown['hands']) {
    if (sheet || (shown && shown.verdict.kind !== 'done')) return
    void show(() => desk.scan(code, way, gate), hands)
  }

  function takeBack() {
    const { last } = desk.get()
    desk.takeBack()
    setShown(null)
    if (last) say(t.door.undone(last.name))
  }

  const { verdict, hands, key } = shown ?? {}
  const { mine, others } = waitingIn(state, props.userId)

  return (
    <div className={s.door} data-way={way}>
      <header className={s.top}>
        <Link to="/events/$id/{-$slug}" params={{ id }} className={s.back} aria-label={t.door.back}>
          <ArrowLeft aria-hidden="true" />
        </Link>
        <h1 className={s.title}>{kept.title}</h1>
        <button type="button" className={s.gate} onClick={() => setSheet('gate')}>
          <span className={s.gateWord}>{t.door.gate}</span>
          <span>{gate || t.door.gateNone}</span>
        </button>
      </header>
      <Numbers desk={desk} state={state} kept={kept} />
      <Connection state={state} kept={kept} mine={mine} others={others} id={id} />
      {state.conflicts.length > 0 && (
        <button type="button" className={s.conflicts} onClick={() => setSheet('conflicts')}>
          {t.door.conflicts(state.conflicts.length)}
        </button>
      )}
      <div className={s.content}>
        {tab === 'scan' && (
          <>
            <Camera onCode={(code) => onCode(code, 'free')} />
            <Mode way={way} onChange={setWay} />
          </>
        )}
        {tab === 'names' && (
          <>
            <NameList
              kept={kept}
              standingOf={desk.standingOf}
              onCode={(code) => onCode(code, 'full')}
              onGuest={(guest: Guest) =>
                void show(() => Promise.resolve(desk.ask(guest, way)), 'full')
              }
            />
            <Mode way={way} onChange={setWay} />
          </>
        )}
        {tab === 'line' && (
          <WalkIns
            kept={kept}
            reachable={state.away === null && !state.ended}
            onLetIn={async (waiter) => {
              const done = await desk.walkIn(waiter.user_id, gate)
              await show(() => Promise.resolve(done), 'full')
            }}
          />
        )}
      </div>
      {state.last && desk.canTakeBack() && (
        <div className={s.last}>
          <p>{t.door.last(state.last.name, state.last.way)}</p>
          <button type="button" onClick={takeBack}>
            <Undo aria-hidden="true" />
            {t.door.undo}
          </button>
        </div>
      )}
      <nav className={s.tabs} aria-label={t.door.tabs}>
        <Tab is="scan" now={tab} onPick={setTab} icon={<ScanLine aria-hidden="true" />}>
          {t.door.scan}
        </Tab>
        <Tab is="names" now={tab} onPick={setTab} icon={<Users aria-hidden="true" />}>
          {t.door.names}
        </Tab>
        <Tab is="line" now={tab} onPick={setTab} icon={<ListOrdered aria-hidden="true" />}>
          {t.door.line}
          {kept.waiting.length > 0 && ` (${kept.waiting.length})`}
        </Tab>
      </nav>

      {verdict?.kind === 'many' && (
        <HowMany
          key={key}
          asked={verdict}
          timezone={kept.timezone}
          onClose={close}
          onAdmit={(people) =>
            void show(
              () => desk.admit(verdict.guest, verdict.way, people, gate, verdict.ticket),
              hands ?? 'full',
            )
          }
        />
      )}
      {verdict && verdict.kind !== 'many' && (
        <VerdictScreen
          key={key}
          verdict={verdict}
          timezone={kept.timezone}
          hands={hands ?? 'full'}
          onNext={close}
          onUndo={desk.canTakeBack() ? takeBack : undefined}
          onUnsure={() => {
            if (verdict.kind !== 'unsure') return
            const { ticket } = verdict
            const name = t.door.unsureName(ticket.line_no)
            void show(() => desk.admitUnlisted(ticket, way, gate, name), 'full')
          }}
        />
      )}
      {sheet === 'gate' && (
        <GateSheet
          gate={gate}
          stewardsOf={organises ? id : undefined}
          onSave={(name) => {
            setGate(name)
            setSheet(null)
          }}
          onClose={() => setSheet(null)}
        />
      )}
      {sheet === 'conflicts' && (
        <Conflicts
          conflicts={state.conflicts}
          timezone={kept.timezone}
          onSeen={(conflict) => {
            void desk.dismiss(conflict)
            if (state.conflicts.length === 1) setSheet(null)
          }}
          onClose={() => setSheet(null)}
        />
      )}
    </div>
  )
}

function Numbers({ desk, state, kept }: { desk: Desk; state: DeskState; kept: Kept }) {
  const { t, locale } = useI18n()
  const { steps, queue } = state
  const sum = useMemo(
    () => count(kept.guests, (guest) => desk.standingOf(guest.line_no)),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the desk reads the steps
    [kept.guests, steps, desk],
  )
  const refused = kept.refused + queue.filter((scan) => scan.told === 'no' && !scan.outcome).length
  const number = (n: number) => formatNumber(n, locale)
  return (
    <dl className={s.numbers}>
      <div>
        <dt>{t.door.arrived}</dt>
        <dd>
          <strong>{number(sum.arrived)}</strong> / {number(sum.expected)}
        </dd>
      </div>
      <div>
        <dt>{t.door.inside}</dt>
        <dd>
          <strong>{number(sum.inside)}</strong>
        </dd>
      </div>
      <div>
        <dt>{t.door.refused}</dt>
        <dd>
          <strong>{number(refused)}</strong>
        </dd>
      </div>
    </dl>
  )
}

function Connection(props: {
  state: DeskState
  kept: Kept
  mine: number
  others: number
  id: string
}) {
  const { t, locale } = useI18n()
  const client = useQueryClient()
  const { state, kept, mine, others } = props
  const clock = (at: number) => formatClock(at, kept.timezone, locale)
  const away = state.away !== null
  return (
    <div className={s.connection} data-away={away || state.ended}>
      <p role="status">
        <span className={s.dot} aria-hidden="true" />
        <strong>{away ? t.door.away(clock(state.away!)) : t.door.live}</strong>
        {' · '}
        {mine > 0 ? t.door.unsent(mine) : t.door.sent}
      </p>
      {away && (
        <p>
          {t.door.awayNote} {t.door.listOf(clock(kept.loaded_at))}.
        </p>
      )}
      {state.ended && (
        <p>
          {t.door.ended}{' '}
          <Link
            to="/sign-in"
            search={{ next: `/events/${props.id}/door` }}
            onClick={() => client.setQueryData(meQuery.queryKey, null)}
          >
            {t.door.endedLink}
          </Link>
        </p>
      )}
      {others > 0 && <p>{t.door.others(others)}</p>}
      {!state.lasts && <p>{t.door.fleeting}</p>}
    </div>
  )
}

function Mode({ way, onChange }: { way: Way; onChange: (way: Way) => void }) {
  const { t } = useI18n()
  return (
    <div className={s.mode} role="radiogroup" aria-label={t.door.mode}>
      {(['in', 'out'] as const).map((item) => (
        <label key={item} data-way={item}>
          <input
            type="radio"
            name="way"
            value={item}
            checked={way === item}
            onChange={() => onChange(item)}
          />
          {item === 'in' ? t.door.modeIn : t.door.modeOut}
        </label>
      ))}
    </div>
  )
}

function Tab(props: {
  is: Tab
  now: Tab
  onPick: (tab: Tab) => void
  icon: ReactNode
  children: ReactNode
}) {
  return (
    <button
      type="button"
      aria-current={props.is === props.now ? 'page' : undefined}
      onClick={() => props.onPick(props.is)}
    >
      {props.icon}
      <span>{props.children}</span>
    </button>
  )
}

/** A screen that goes dark between two guests is of no use. */
function useAwake() {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    const hold = () => {
      if (document.hidden) return
      navigator.wakeLock?.request('screen').then(
        (held) => (lock = held),
        () => {},
      )
    }
    hold()
    document.addEventListener('visibilitychange', hold)
    return () => {
      document.removeEventListener('visibilitychange', hold)
      void lock?.release()
    }
  }, [])
}
