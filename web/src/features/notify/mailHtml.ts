// A mail is foreign HTML with inline styles. It is shown in a frame without scripts, and since the page's
// policy forbids style attributes (a srcdoc frame inherits it), styles are taken out of the markup and
// put back through the object model, which the policy allows.

const HELD = 'data-held-style'
const SHEET = 'text/held-style'

export type PreparedMail = { srcdoc: string; sheets: string[] }

/** Renames what the policy watches for before anything parses it, else each style is reported as a violation. */
function hold(html: string): string {
  return html
    .replace(/<style\b[^>]*>/gi, `<script type="${SHEET}">`)
    .replace(/<\/style\s*>/gi, '</script>')
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, ` ${HELD}=`))
}

export function prepareMail(html: string): PreparedMail {
  const document = new DOMParser().parseFromString(hold(html), 'text/html')
  const sheets = [...document.querySelectorAll(`script[type="${SHEET}"]`)].map(
    (sheet) => sheet.textContent ?? '',
  )
  for (const element of document.querySelectorAll(
    'script, style, iframe, object, embed, meta, base, link',
  )) {
    element.remove()
  }
  for (const element of document.querySelectorAll('*')) {
    for (const name of element.getAttributeNames()) {
      if (name.startsWith('on')) element.removeAttribute(name)
    }
    element.removeAttribute('style')
  }
  for (const link of document.querySelectorAll('a[href]')) {
    link.setAttribute('target', '_top')
  }
  return { srcdoc: `<!doctype html>${document.documentElement.outerHTML}`, sheets }
}

/** Gives the loaded frame its styles back; returns the height its content wants. */
export function dressMail(frame: HTMLIFrameElement, sheets: string[]): number {
  const document = frame.contentDocument
  const view = frame.contentWindow as (Window & typeof globalThis) | null
  if (!document || !view) return 0
  for (const element of document.querySelectorAll<HTMLElement>(`[${HELD}]`)) {
    element.style.cssText = element.getAttribute(HELD) ?? ''
  }
  document.adoptedStyleSheets = sheets.map((text) => {
    const sheet = new view.CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
  return document.documentElement.scrollHeight
}
