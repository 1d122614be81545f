//! Refusals of the public door itself.

platform::codes! {
    CROSS_SITE_REQUEST = "cross_site_request", FORBIDDEN, "The request came from another site.", "Send it from the web app, or with a bearer token instead of the cookie.";
    TOO_MANY_STREAMS = "too_many_streams", SERVICE_UNAVAILABLE, "Too many live streams are open here.", "Poll the event instead, or try again later.";
    ACCESS_TOKEN_REVOKED = "session_ended", UNAUTHORIZED, "This sign-in has ended.", "Sign in again.";
}
