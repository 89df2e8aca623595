"""The demonstration province 示例省: its cast, the maker of its CSV files, and its story."""
