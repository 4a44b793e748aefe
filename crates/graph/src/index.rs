//! Typed indices into the arenas of a module.

macro_rules! define_index {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u32);

        impl $name {
            /// The index at place `index`.
            pub fn new(index: usize) -> $name {
                $name(index as u32)
            }

            /// The place.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

define_index! {
    /// A node of a [`Graph`](crate::Graph).
    NodeId;
    /// A named value of a [`Module`](crate::Module).
    SymbolId;
    /// A base size of [`Sizes`](crate::Sizes): free, fixed or the length of a batch axis.
    SizeId;
    /// A named axis of [`Axes`](crate::Axes): a batch axis or an index.
    AxisId;
}
