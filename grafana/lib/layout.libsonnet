// From sections to Grafana's grid of 24 columns: panels stand beside each other from left to right, and go on below where there is no room.
local place(panels, top) =
  std.foldl(
    function(done, panel)
      local size = panel.size;
      local wraps = done.x + size.w > 24;
      local x = if wraps then 0 else done.x;
      local y = if wraps then done.bottom else done.y;
      {
        x: x + size.w,
        y: y,
        bottom: std.max(if wraps then 0 else done.bottom, y + size.h),
        panels: done.panels + [panel { gridPos: { x: x, y: y, w: size.w, h: size.h } }],
      },
    panels,
    { x: 0, y: top, bottom: top, panels: [] },
  );

{
  // A section: its panels under a row of that title; folded where it is detail. Without a title: at the top.
  section(title, panels, folded=false):: { title: title, panels: panels, folded: folded },

  // All panels with their place and number. Numbers go by section, so that a panel more in one doesn't change the addresses of the others.
  panels(sections)::
    std.foldl(
      function(done, index)
        local section = sections[index];
        local titled = section.title != null;
        local placed = place(section.panels, done.top + if titled then 1 else 0);
        local numbered = std.mapWithIndex(function(at, panel) panel { id: 100 * index + at + 1 }, placed.panels);
        local row = {
          type: 'row',
          id: 100 * index + 100,
          title: section.title,
          collapsed: section.folded,
          gridPos: { x: 0, y: done.top, w: 24, h: 1 },
          panels: if section.folded then numbered else [],
        };
        {
          top: if section.folded then done.top + 1 else placed.bottom,
          panels: done.panels + (if titled then [row] else []) + (if section.folded then [] else numbered),
        },
      std.range(0, std.length(sections) - 1),
      { top: 0, panels: [] },
    ).panels,
}
