//! The programs whose sessions take part. Each says which session a process belongs to, whether it acts without asking,
//! whether a letter is in its record, how it is woken, and how much text fits; what is done with that is `delivery`'s.

pub mod claude;
