import type { ReactNode } from 'react'

// A preview while writing: the common part of Markdown, straight to elements, so that nothing written can
// become markup. What readers see is rendered and sanitised by the server.

const INLINE = /(\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\))/

function inline(text: string): ReactNode[] {
  const out: ReactNode[] = []
  let rest = text
  while (rest) {
    const match = INLINE.exec(rest)
    if (!match) {
      out.push(rest)
      break
    }
    const [all, , bold, italic, code, label, href] = match
    out.push(rest.slice(0, match.index))
    const key = out.length
    if (bold) out.push(<strong key={key}>{inline(bold)}</strong>)
    else if (italic) out.push(<em key={key}>{inline(italic)}</em>)
    else if (code) out.push(<code key={key}>{code}</code>)
    else {
      out.push(
        <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow">
          {label}
        </a>,
      )
    }
    rest = rest.slice(match.index + all.length)
  }
  return out
}

const BULLET = /^\s*[-*+]\s+/
const NUMBER = /^\s*\d+[.)]\s+/

function block(text: string, key: number): ReactNode {
  const heading = /^(#{1,6})\s+(.*)$/.exec(text)
  if (heading) return <h3 key={key}>{inline(heading[2] ?? '')}</h3>
  const lines = text.split('\n')
  const items = (marker: RegExp) =>
    lines.map((line, index) => <li key={index}>{inline(line.replace(marker, ''))}</li>)
  if (lines.every((line) => BULLET.test(line))) return <ul key={key}>{items(BULLET)}</ul>
  if (lines.every((line) => NUMBER.test(line))) return <ol key={key}>{items(NUMBER)}</ol>
  if (lines.every((line) => line.startsWith('>'))) {
    return (
      <blockquote key={key}>
        {inline(lines.map((line) => line.replace(/^>\s?/, '')).join(' '))}
      </blockquote>
    )
  }
  return <p key={key}>{inline(text)}</p>
}

export function Markdown({ text }: { text: string }) {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/^(#{1,6} .*)\n(?!\n)/gm, '$1\n\n')
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter(Boolean)
    .map(block)
}
