//! What is emitted after an error: the errors, and the user's code as if we had not been there.
//!
//! Invariant: the code is passed on token by token, so that names stay defined, editors keep working, and no second
//! wave of errors hides the first.

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::quote;

/// For the attribute: the function as written.
pub(crate) fn item(errors: &Errors, item: &TokenStream) -> TokenStream {
    let errors = errors.to_compile_errors();
    quote!(#errors #item)
}

/// For `policy!`: an expression that the type checker asks nothing more about.
pub(crate) fn expression(errors: &Errors) -> TokenStream {
    let errors = errors.to_compile_errors();
    quote!({ #errors })
}
