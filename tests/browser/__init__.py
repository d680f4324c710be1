"""Pages in a real browser; without Chromium these tests are skipped."""
