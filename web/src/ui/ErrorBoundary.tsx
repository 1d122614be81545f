import { Component, type ErrorInfo, type ReactNode } from 'react'
import { referenceOf } from '../api/problem'

type Props = {
  children: ReactNode
  fallback: (error: unknown, retry: () => void) => ReactNode
  /** A change of this value clears the error, for instance the page's address. */
  resetKey?: unknown
}
type State = { error: unknown; failed: boolean; resetKey: unknown }

/** Keeps one part's crash from taking the rest of the page with it. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, failed: false, resetKey: this.props.resetKey }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error, failed: true }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    if (props.resetKey === state.resetKey) return null
    return { resetKey: props.resetKey, failed: false, error: null }
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    console.error(`[${referenceOf(error)}]`, error, info.componentStack)
  }

  retry = () => this.setState({ failed: false, error: null })

  override render() {
    return this.state.failed
      ? this.props.fallback(this.state.error, this.retry)
      : this.props.children
  }
}
