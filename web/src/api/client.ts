import createClient from 'openapi-fetch'
import { ApiError, offlineError, readProblem } from './problem'
import type { paths } from './schema.gen'

/** Typed client of the public API. Same origin: the session cookie goes along by itself. */
export const api = createClient<paths>({
  baseUrl: '',
  fetch: async (request) => {
    try {
      return await fetch(request)
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
      throw offlineError(cause)
    }
  },
})

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The answer's data, or the problem thrown as an `ApiError`. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  return (await unwrapWithResponse(answer)).data
}

/** As `unwrap`, for callers that need headers such as `ETag`. */
export async function unwrapWithResponse<T>(
  answer: Promise<Answer<T>>,
): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await answer
  if (!response.ok) throw new ApiError(readProblem(error, response))
  return { data: data as T, response }
}
