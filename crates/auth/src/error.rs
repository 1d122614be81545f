//! Refusals of this slice.

platform::codes! {
    INVALID_CREDENTIALS = "invalid_credentials", UNAUTHORIZED, "Address or password is wrong.", "Check both, or ask for a new password.";
    EMAIL_NOT_VERIFIED = "email_not_verified", FORBIDDEN, "The address has not been confirmed yet.", "Open the link in the mail, or ask for it again.";
    TOO_MANY_ATTEMPTS = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts from here.", "Wait as long as `Retry-After` says. A forgotten password can be replaced by mail.";
    TOKEN_INVALID = "token_invalid", UNPROCESSABLE_ENTITY, "This link does not work, or no longer.", "Ask for a new one.";
    SIGN_IN_TOO_OLD = "sign_in_too_old", FORBIDDEN, "An account without a password needs a sign-in by a mailed link of the last 15 minutes for this.", "Ask for a new link, or choose a password by mail.";
    REFRESH_TOKEN_INVALID = "refresh_token_invalid", UNAUTHORIZED, "The refresh token is not valid, or no longer.", "Sign in again.";
    REFRESH_TOKEN_REUSED = "refresh_token_reused", UNAUTHORIZED, "The refresh token had been used before; the sign-in has been ended.", "Sign in again. If it was not you who used it, somebody has a copy: change the password.";
    BUSY = "busy", SERVICE_UNAVAILABLE, "Too many sign-ins at this moment.", "Try again after `Retry-After`.";
}
