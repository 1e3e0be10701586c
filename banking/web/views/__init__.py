"""The pages, one module for each part of the bank: parse, call one service or selector, render."""
