//! How far a point is from where branches meet, and how large and well posed its values are.
