//! Annotated async functions that call each other.

use std::future::ready;

use dogpile::dogpile;

/// Functions of which each calls the next one, and the last one has something to hold.
macro_rules! chain {
    ($name:ident) => {
        #[dogpile(expire = "1h")]
        async fn $name(id: u64) -> u64 {
            let buffer = [id; 128];
            ready(()).await;
            buffer[3]
        }
    };
    ($name:ident $next:ident $($more:ident)*) => {
        #[dogpile(expire = "1h")]
        async fn $name(id: u64) -> u64 {
            $next(id).await + 1
        }
        chain!($next $($more)*);
    };
}

chain!(f6 f5 f4 f3 f2 f1 f0);

#[test]
fn call_grows_by_a_constant_with_each_function_that_it_goes_through() {
    let sizes = [size_of_val(&f0(1)), size_of_val(&f1(1)), size_of_val(&f5(1)), size_of_val(&f6(1))];
    assert!(sizes[3] <= 2 * sizes[0].max(1024), "{sizes:?}");
}

#[test]
fn calls_that_go_through_seven_functions_fit_on_the_stack_and_are_send() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    assert_eq!(runtime.block_on(async { tokio::spawn(f6(1)).await.unwrap() }), 7);
}
