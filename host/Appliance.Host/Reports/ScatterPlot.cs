using System.Globalization;
using System.Net;
using System.Text;

namespace Appliance.Host.Reports;

/// <summary>Named points, curves behind them, and the frontier of all (what has less on neither axis than any other) as inline SVG.</summary>
internal static class ScatterPlot
{
    private const int Width = 760, Height = 300, Left = 80, Right = 150, Top = 30, Bottom = 40;

    public static string Render(string title, string horizontal, string vertical, (string Name, double X, double Y)[] points, (string Name, (double X, double Y)[] Points)[] curves)
    {
        var inv = CultureInfo.InvariantCulture;
        var svg = new StringBuilder();
        points = [.. points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
        svg.Append(inv, $"<figure><svg viewBox='0 0 {Width} {Height}' role='img' aria-label='{WebUtility.HtmlEncode(title)}'><text x='{Left}' y='18' class='title'>{WebUtility.HtmlEncode(title)}</text>");
        if (points.Length == 0) return svg.Append("</svg></figure>\n").ToString();
        (double X, double Y)[] all = [.. points.Select(p => (p.X, p.Y)), .. curves.SelectMany(c => c.Points).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
        double x0 = all.Min(p => p.X), x1 = all.Max(p => p.X), y0 = all.Min(p => p.Y), y1 = all.Max(p => p.Y);
        if (x1 <= x0) (x0, x1) = (x0 - 1, x1 + 1);
        if (y1 <= y0) (y0, y1) = (y0 - 1, y1 + 1);
        double Px(double x) => Left + (x - x0) / (x1 - x0) * (Width - Left - Right);
        double Py(double y) => Height - Bottom - 8 - (y - y0) / (y1 - y0) * (Height - Top - Bottom - 16);
        for (int c = 0; c < curves.Length; c++)
        {
            string colour = SvgPlot.Colours[(c + 1) % SvgPlot.Colours.Length];
            svg.Append(inv, $"<polyline fill='none' stroke='{colour}' stroke-width='1.2' points='{string.Join(' ', curves[c].Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).Select(p => string.Create(inv, $"{Px(p.X):F1},{Py(p.Y):F1}")))}'/>");
            svg.Append(inv, $"<text class='legend' text-anchor='end' fill='{colour}' x='{Width - 4}' y='{Top + 12 + 14 * c}'>{WebUtility.HtmlEncode(curves[c].Name)}</text>");
        }
        if (Efficient(all) is { Length: > 1 } frontier)
            svg.Append(inv, $"<polyline fill='none' stroke='#555' stroke-dasharray='4 3' points='{string.Join(' ', frontier.Select(p => string.Create(inv, $"{Px(p.X):F1},{Py(p.Y):F1}")))}'/>");
        foreach (var (name, x, y) in points)
        {
            double px = Px(x), py = Py(y);
            svg.Append(inv, $"<circle cx='{px:F1}' cy='{py:F1}' r='4' fill='#1f6fb2'/><text class='legend' x='{px + 7:F1}' y='{py + 4:F1}'>{WebUtility.HtmlEncode(name)}</text>");
        }
        foreach (double y in new[] { y0, y1 })
            svg.Append(inv, $"<text class='tick' text-anchor='end' x='{Left - 6}' y='{Height - Bottom - 4 - (y - y0) / (y1 - y0) * (Height - Top - Bottom - 16):F1}'>{SvgPlot.Short(y)}</text>");
        foreach (double x in new[] { x0, x1 })
            svg.Append(inv, $"<text class='tick' text-anchor='middle' x='{Left + (x - x0) / (x1 - x0) * (Width - Left - Right):F1}' y='{Height - Bottom + 16}'>{SvgPlot.Short(x)}</text>");
        svg.Append(inv, $"<text class='tick' text-anchor='middle' x='{(Left + Width - Right) / 2}' y='{Height - 6}'>{WebUtility.HtmlEncode(horizontal)}</text><text class='tick' transform='translate(14,{Height / 2}) rotate(-90)' text-anchor='middle'>{WebUtility.HtmlEncode(vertical)}</text>");
        return svg.Append("</svg></figure>\n").ToString();
    }

    /// <summary>Points that no other is both cheaper and less risky than, the cheapest first.</summary>
    internal static (double X, double Y)[] Efficient((double X, double Y)[] points)
    {
        var frontier = new List<(double X, double Y)>();
        foreach (var p in points.OrderBy(p => p.X).ThenBy(p => p.Y))
            if (frontier.Count == 0 || p.Y < frontier[^1].Y) frontier.Add(p);
        return [.. frontier];
    }
}
