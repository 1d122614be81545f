// What this device keeps of a person so that it is there without a network: their tickets, guest lists of doors they stand at. It goes
// when they sign out. Scans that nobody has heard of yet are no copy of anything: they stay, in a database of their own.

/** Names in `localStorage` that begin with this are for the person who is signed in. */
export const KEPT = 'cityevents.kept.'
/** The database of guest lists. */
export const LISTS = 'cityevents-lists'

export function forgetKept() {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(KEPT)) localStorage.removeItem(name)
    }
    indexedDB.deleteDatabase(LISTS)
  } catch {
    // storage blocked: nothing was kept
  }
}
