import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'
import { api, unwrap } from './client'
import { forgetKept } from './kept'
import { ApiError } from './problem'
import type { Me } from './types'

/** The signed-in person, or null. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await unwrap(api.GET('/api/v1/me', { signal }))
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
})

export function useMe() {
  return useQuery(meQuery)
}

/** Who is signed in decides what every other answer contains, so a change drops them all. */
export function useSetMe() {
  const client = useQueryClient()
  return useCallback(
    (me: Me | null) => {
      client.setQueryData(meQuery.queryKey, me)
      return client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' })
    },
    [client],
  )
}

export const configQuery = queryOptions({
  queryKey: ['config'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/config', { signal })),
  staleTime: Infinity,
})

/** Ends the session and leaves for Discover. Without an answer the cookie may live on, so that is an error. */
export function useSignOut() {
  const setMe = useSetMe()
  const router = useRouter()
  return useCallback(async () => {
    await unwrap(api.POST('/api/v1/auth/logout')).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 401)) throw error
    })
    forgetKept()
    await router.navigate({ to: '/' })
    await setMe(null)
  }, [router, setMe])
}
