"""OpenDocument (ISO/IEC 26300): texts, sheets and slides, which share their paragraphs, tables and styles."""
