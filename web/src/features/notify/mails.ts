import { api, unwrap } from '../../api/client'

// The mailbox exists in dev mode only, so the API's description does not name it.

export type MailSummary = { id: string; to: string; subject: string; sent_at: string }
export type Mail = MailSummary & {
  html: string | null
  text: string
  attachments: { name: string; content_type: string; text: string }[]
}

const LIST = '/api/v1/dev/mails'

/** Asks a path that the typed client does not know. */
function get<T>(path: string, signal: AbortSignal): Promise<T> {
  const untyped = api as unknown as {
    GET: (
      path: string,
      options: { signal: AbortSignal },
    ) => Promise<{ response: Response; data?: T }>
  }
  return unwrap(untyped.GET(path, { signal }))
}

export const mailsQuery = {
  queryKey: ['mails'],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<{ items: MailSummary[] }>(`${LIST}?limit=100`, signal),
}

export const mailQuery = (id: string) => ({
  queryKey: ['mails', id],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<Mail>(`${LIST}/${encodeURIComponent(id)}`, signal),
  staleTime: Infinity,
})

/** The mail as a document of its own, with its own policy: inline styles, nothing that acts. */
export const mailDocument = (id: string) => `${LIST}/${encodeURIComponent(id)}/html`
