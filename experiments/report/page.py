"""HTML of the report: one file, no script, nothing fetched."""

import html

STYLE = """
body { font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; color: #1a202c; margin: 2em auto; max-width: 62em; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: .1em } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #cbd5e0 }
.note { color: #4a5568 } .warning { background: #fff5f5; border-left: 4px solid #e53e3e; padding: .5em 1em } table { border-collapse: collapse; margin: .6em 0; font-size: .92em }
th { text-align: left; border-bottom: 2px solid #cbd5e0; vertical-align: bottom } td { border-bottom: 1px solid #edf2f7 }
th, td { padding: .22em .8em .22em 0 } td.n, td:first-child { white-space: nowrap } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
pre { background: #f7fafc; border-left: 3px solid #cbd5e0; padding: .4em .8em; white-space: pre-wrap; font-size: .82em; margin: .3em 0 1em }
blockquote { background: #fffaf0; border-left: 4px solid #dd6b20; margin: .6em 0; padding: .5em 1em; white-space: pre-wrap }
table.sentences td:first-child { white-space: normal; min-width: 13em } table.sentences td { vertical-align: top }
img, svg { max-width: 100%; height: auto } figure { margin: .8em 0 } figcaption { color: #4a5568; font-size: .92em }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13em, 1fr)); gap: .8em; margin: 1em 0 }
.card { border: 1px solid #cbd5e0; border-radius: 6px; padding: .6em .9em } .card b { display: block; font-size: 1.35em }
"""


def escape(text):
    return html.escape(str(text))


class Page:
    def __init__(self, title):
        self._parts = [f"<h1>{escape(title)}</h1>"]
        self._title = title

    def heading(self, text):
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, text, kind=""):
        self._parts.append(f'<p class="{kind}">{escape(text)}</p>')

    def quote(self, text):
        self._parts.append(f"<blockquote>{escape(text)}</blockquote>")

    def cards(self, cards):
        """`cards`: (figure, what it is)."""
        inner = "".join(f'<div class="card"><b>{escape(figure)}</b>{escape(what)}</div>' for figure, what in cards)
        self._parts.append(f'<div class="cards">{inner}</div>')

    def command(self, *commands):
        lines = [c for c in commands if c]
        if lines:
            self._parts.append("<pre>" + escape("\n".join("$ " + line for line in lines)) + "</pre>")

    def figure(self, picture, caption, *commands):
        self._parts.append(f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>")
        self.command(*commands)

    def table(self, header, rows):
        """Cells that are numbers or end in a unit stand to the right: those of columns whose header begins with '>'. A first column of sentences wraps, one of names does not."""
        right = [name.startswith(">") for name in header]

        def line(tag, cells):
            marks = [' class="n"' if r else "" for r in right]
            return "<tr>" + "".join(f"<{tag}{m}>{escape(c)}</{tag}>" for m, c in zip(marks, cells)) + "</tr>"

        body = "".join(line("td", row) for row in rows)
        kind = ' class="sentences"' if any(len(str(row[0])) > 36 for row in rows) else ""
        self._parts.append(f"<table{kind}>{line('th', [name.lstrip('>') for name in header])}{body}</table>")

    def html(self):
        return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self._title)}</title>'
                f"<style>{STYLE}</style></head><body>\n" + "\n".join(self._parts) + "\n</body></html>\n")
