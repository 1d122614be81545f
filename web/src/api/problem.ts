/** RFC 9457 problem as every endpoint answers it. */
export type Problem = {
  status: number
  code: string
  title?: string
  detail?: string
  errors?: { field: string; code: string; detail?: string }[]
  trace_id?: string
  /** Seconds after which a retry makes sense, from `Retry-After`. */
  retryAfter?: number
}

/** A refused request. The interface chooses its words by `code`; `detail` is for developers. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.status} ${problem.code}`, options)
    this.name = 'ApiError'
    this.problem = problem
  }
  get code() {
    return this.problem.code
  }
  get status() {
    return this.problem.status
  }
}

/** The request never got an answer: no network, or the server is away. Status 0. */
export function offlineError(cause: unknown) {
  return new ApiError({ status: 0, code: 'network' }, { cause })
}

/** Reads a problem body; a proxy's HTML error page becomes a problem by its status alone. */
export function readProblem(body: unknown, response: Response): Problem {
  const after = Number(response.headers.get('Retry-After'))
  const retryAfter = Number.isFinite(after) && after > 0 ? after : undefined
  if (typeof body === 'object' && body !== null && 'code' in body) {
    const problem = body as Problem
    return { ...problem, status: response.status, retryAfter }
  }
  return { status: response.status, code: codeOf(response.status), retryAfter }
}

function codeOf(status: number) {
  const known: Record<number, string> = {
    401: 'unauthenticated',
    403: 'forbidden',
    404: 'not_found',
    412: 'precondition_failed',
    413: 'payload_too_large',
    429: 'rate_limited',
    503: 'unavailable',
  }
  return known[status] ?? (status >= 500 ? 'internal' : 'bad_request')
}

/** True when the same request may succeed later without anybody changing it. */
export function isRetryable(error: unknown) {
  if (!(error instanceof ApiError)) return false
  return error.status === 0 || error.status === 429 || error.status >= 500
}

export function hasCode(error: unknown, ...codes: string[]) {
  return error instanceof ApiError && codes.includes(error.code)
}

/** What the operator can search for: the server's trace id, or one made here and logged. */
export function referenceOf(error: unknown): string {
  if (error instanceof ApiError && error.problem.trace_id) return error.problem.trace_id
  if (typeof error === 'object' && error !== null) {
    let id = generated.get(error)
    if (!id) {
      id = newReference()
      generated.set(error, id)
    }
    return id
  }
  return newReference()
}

const generated = new WeakMap<object, string>()

function newReference() {
  return `web-${crypto.randomUUID().slice(0, 8)}`
}
