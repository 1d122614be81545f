// Codes before the camera: the browser's own detector where there is one, else a small decoder that is loaded only then.

export type Detector = { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
type Native = {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

const FORMAT = 'qr_code'

export async function makeDetector(): Promise<Detector> {
  const native = (globalThis as { BarcodeDetector?: Native }).BarcodeDetector
  if (native) {
    const formats = await native.getSupportedFormats().catch((): string[] => [])
    if (formats.includes(FORMAT)) return new native({ formats: [FORMAT] })
  }
  const { BarcodeDetector } = await import('qr/decode.js')
  return new BarcodeDetector()
}

export const cameraKnown = () => !!navigator.mediaDevices?.getUserMedia

/** The camera at the back, as large as a code across a counter needs. */
export function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
  })
}

/** Whether the camera may be used without asking. */
export async function isAllowed(): Promise<boolean> {
  try {
    const name = 'camera' as PermissionName // unknown to the types, and to some browsers
    return (await navigator.permissions.query({ name })).state === 'granted'
  } catch {
    return false
  }
}

/**
 * Tells of a code once: again only after it was out of sight for a while, so that a phone held still does not count twice.
 */
export function onceInSight(goneAfterMs: number) {
  const seen = new Map<string, number>()
  return (code: string, now: number): boolean => {
    const before = seen.get(code)
    seen.set(code, now)
    return before === undefined || now - before > goneAfterMs
  }
}
