// The browser's database, as far as a door needs it. Where there is none (a private window), all is kept as long as the page is open.

type Store = { name: string; key: string | string[]; index?: string }

export type Keep = {
  get<T>(store: string, key: IDBValidKey): Promise<T | undefined>
  /** All of a store, or those whose index has this value. */
  all<T>(store: string, index?: IDBValidKey): Promise<T[]>
  /** Writes and removes all or nothing. */
  write(store: string, items: readonly unknown[], gone?: readonly IDBValidKey[]): Promise<void>
  clear(store: string, index: IDBValidKey): Promise<void>
  close(): void
  /** Whether it outlives the page. */
  lasts: boolean
}

export async function openKeep(name: string, stores: readonly Store[]): Promise<Keep> {
  const db = await open(name, stores).catch(() => null)
  return db ? inDatabase(db) : inMemory(stores)
}

function open(name: string, stores: readonly Store[]): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1)
    opening.onupgradeneeded = () => {
      for (const { name: store, key, index } of stores) {
        const made = opening.result.createObjectStore(store, { keyPath: key })
        if (index) made.createIndex('index', index)
      }
    }
    opening.onerror = () => reject(opening.error ?? new Error('no database'))
    opening.onsuccess = () => {
      // Whoever signs out in another tab deletes it.
      opening.result.onversionchange = () => opening.result.close()
      resolve(opening.result)
    }
  })
}

function inDatabase(db: IDBDatabase): Keep {
  const result = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('not read'))
    })
  const change = (store: string, act: (it: IDBObjectStore) => void) =>
    new Promise<void>((resolve, reject) => {
      const tx = db.transaction(store, 'readwrite')
      tx.oncomplete = () => resolve()
      tx.onerror = tx.onabort = () => reject(tx.error ?? new Error('not written'))
      act(tx.objectStore(store))
    })
  return {
    get: (store, key) => result(db.transaction(store).objectStore(store).get(key)),
    all: (store, index) => {
      const it = db.transaction(store).objectStore(store)
      return result(index === undefined ? it.getAll() : it.index('index').getAll(index))
    },
    write: (store, items, gone = []) =>
      change(store, (it) => {
        for (const key of gone) it.delete(key)
        for (const item of items) it.put(item)
      }),
    clear: (store, index) =>
      change(store, (it) => {
        const found = it.index('index').getAllKeys(index)
        found.onsuccess = () => found.result.forEach((key) => it.delete(key))
      }),
    close: () => db.close(),
    lasts: true,
  }
}

function inMemory(stores: readonly Store[]): Keep {
  type Item = Record<string, unknown>
  const data = new Map(stores.map((store) => [store.name, new Map<string, Item>()]))
  const of = (store: string) => {
    const shape = stores.find((item) => item.name === store)!
    return { shape, items: data.get(store)! }
  }
  return {
    get: (store, key) => Promise.resolve(of(store).items.get(JSON.stringify(key)) as never),
    all: (store, index) => {
      const { shape, items } = of(store)
      const found = [...items.values()].filter(
        (item) => index === undefined || item[shape.index ?? ''] === index,
      )
      return Promise.resolve(found as never)
    },
    write: (store, added, gone = []) => {
      const { shape, items } = of(store)
      for (const key of gone) items.delete(JSON.stringify(key))
      for (const item of added as Item[]) {
        const key = Array.isArray(shape.key) ? shape.key.map((k) => item[k]) : item[shape.key]
        items.set(JSON.stringify(key), item)
      }
      return Promise.resolve()
    },
    clear: (store, index) => {
      const { shape, items } = of(store)
      for (const [key, item] of items) if (item[shape.index ?? ''] === index) items.delete(key)
      return Promise.resolve()
    },
    close: () => {},
    lasts: false,
  }
}
