//! What people type for an account. A field that was accepted is accepted again as it was stored.
#![no_main]

use domain::accounts::{Email, Password, Username};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let email = Email::parse(text);
    if let Ok(email) = &email {
        assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(email));
    }
    let username = Username::parse(text);
    if let Ok(username) = &username {
        assert_eq!(Username::parse(username.as_str()).as_ref(), Ok(username));
    }
    if let (Ok(email), Ok(username)) = (
        Email::parse("someone@example.org"),
        Username::parse("someone"),
    ) {
        drop(Password::new_for(text, &email, &username));
    }
});
