import CameraIcon from 'lucide-react/icons/camera'
import Flashlight from 'lucide-react/icons/flashlight'
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { cameraKnown, isAllowed, makeDetector, onceInSight, openCamera } from './camera'
import s from './Camera.module.css'

const LOOK_MS = 120
const AWAY_MS = 2_500

type State = 'off' | 'starting' | 'on' | 'blocked' | 'none'

/** Codes before the camera. It starts by itself where it was allowed before. */
export function Camera({ onCode }: { onCode: (code: string) => void }) {
  const t = useT()
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<State>(cameraKnown() ? 'off' : 'none')
  const [stream, setStream] = useState<MediaStream | null>(null)
  const found = useEffectEvent(onCode)
  const left = useRef(false)

  const start = useCallback(async () => {
    setState('starting')
    try {
      const opened = await openCamera()
      if (left.current) return stop(opened)
      setStream(opened)
      setState('on')
    } catch (error) {
      const blocked = error instanceof DOMException && error.name === 'NotAllowedError'
      setState(blocked ? 'blocked' : 'none')
    }
  }, [])

  useEffect(() => {
    left.current = false
    if (cameraKnown()) {
      void isAllowed().then((allowed) => {
        if (allowed && !left.current) void start()
      })
    }
    return () => {
      left.current = true
    }
  }, [start])

  useEffect(() => {
    if (!stream || !video.current) return
    const element = video.current
    element.srcObject = stream
    void element.play().catch(() => {})
    const isNew = onceInSight(AWAY_MS)
    let stopped = false
    let timer: ReturnType<typeof setTimeout>
    void makeDetector().then((detector) => {
      const look = async () => {
        if (element.readyState >= element.HAVE_CURRENT_DATA && !document.hidden) {
          const codes = await detector.detect(element).catch(() => [])
          for (const { rawValue } of codes) {
            if (!stopped && isNew(rawValue, performance.now())) found(rawValue)
          }
        }
        if (!stopped) timer = setTimeout(() => void look(), LOOK_MS)
      }
      void look()
    })
    return () => {
      stopped = true
      clearTimeout(timer)
      stop(stream)
    }
  }, [stream])

  if (state === 'on') {
    return (
      <div className={s.finder}>
        <video ref={video} muted playsInline aria-label={t.door.cameraAim} />
        <span className={s.corners} aria-hidden="true" />
        <p className={s.aim}>{t.door.cameraAim}</p>
        {stream && <Light stream={stream} />}
      </div>
    )
  }
  return (
    <div className={s.off}>
      {state === 'blocked' && (
        <p role="status">
          <strong>{t.door.cameraBlocked}</strong> {t.door.cameraBlockedText}
        </p>
      )}
      {state === 'none' ? (
        <p role="status">
          <strong>{t.door.cameraNone}</strong> {t.door.cameraNoneText}
        </p>
      ) : (
        <Button
          variant="primary"
          size="large"
          busy={state === 'starting'}
          onClick={() => void start()}
        >
          <CameraIcon aria-hidden="true" />
          {state === 'starting' ? t.door.cameraStarting : t.door.camera}
        </Button>
      )}
    </div>
  )
}

function stop(stream: MediaStream) {
  for (const track of stream.getTracks()) track.stop()
}

/** Doors are dark. Only phones tell that they have a light. */
function Light({ stream }: { stream: MediaStream }) {
  const t = useT()
  const [on, setOn] = useState(false)
  const track = stream.getVideoTracks()[0]
  const able = track?.getCapabilities?.() as { torch?: boolean } | undefined
  if (!track || !able?.torch) return null
  return (
    <Button
      className={s.light}
      aria-pressed={on}
      onClick={() => {
        const torch = !on
        void track.applyConstraints({ advanced: [{ torch } as MediaTrackConstraintSet] }).then(
          () => setOn(torch),
          () => {},
        )
      }}
    >
      <Flashlight aria-hidden="true" />
      {t.door.light}
    </Button>
  )
}
