"""The workbook: its sheets and columns, blank templates, reading, building, feedback."""
