using System.Globalization;
using System.Net;
using System.Text;

namespace Appliance.Host.Reports;

/// <summary>A line plot as inline SVG: no script, no network, readable in any browser. Small, because plotting libraries are not at hand everywhere.</summary>
internal sealed class SvgPlot(string title, string horizontal, string vertical)
{
    private const int Width = 760, Height = 260, Left = 70, Right = 16, Top = 30, Bottom = 40;
    internal static readonly string[] Colours = ["#1f6fb2", "#d1662b", "#3c8d3c", "#8a4fa3", "#b8860b", "#c03a5b", "#2a9d9d", "#6b5b4b", "#4b5fd1", "#777777"];
    private readonly List<(string Name, double[] X, double[] Y)> _lines = [];
    private (double Low, double High)? _band;

    public SvgPlot Line(string name, double[] x, double[] y)
    {
        _lines.Add((name, x, y));
        return this;
    }

    public SvgPlot Band(double low, double high)
    {
        _band = (low, high);
        return this;
    }

    public string Render(bool logarithmicX = false)
    {
        var inv = CultureInfo.InvariantCulture;
        var points = _lines.SelectMany(l => l.X.Zip(l.Y)).Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second)).ToArray();
        var svg = new StringBuilder();
        svg.Append(inv, $"<figure><svg viewBox='0 0 {Width} {Height}' role='img' aria-label='{WebUtility.HtmlEncode(title)}'><text x='{Left}' y='18' class='title'>{WebUtility.HtmlEncode(title)}</text>");
        if (points.Length < 2) return svg.Append(inv, $"<text x='{Width / 2}' y='{Height / 2}' class='empty'>nothing to plot</text></svg></figure>\n").ToString();
        double X(double x) => logarithmicX ? Math.Log10(x) : x;
        double x0 = points.Min(p => X(p.First)), x1 = points.Max(p => X(p.First)), y0 = points.Min(p => p.Second), y1 = points.Max(p => p.Second);
        if (_band is { } b) (y0, y1) = (Math.Min(y0, b.Low), Math.Max(y1, b.High));
        if (x1 <= x0) x1 = x0 + 1;
        if (y1 <= y0) (y0, y1) = (y0 - 1, y1 + 1);
        double margin = (y1 - y0) * 0.05;
        (y0, y1) = (y0 - margin, y1 + margin);
        double Px(double x) => Left + (X(x) - x0) / (x1 - x0) * (Width - Left - Right);
        double Py(double y) => Height - Bottom - (y - y0) / (y1 - y0) * (Height - Top - Bottom);

        if (_band is { } band)
            svg.Append(inv, $"<rect class='band' x='{Left}' width='{Width - Left - Right}' y='{Py(band.High):F1}' height='{Py(band.Low) - Py(band.High):F1}'/>");
        foreach (double y in Ticks(y0, y1, 5))
            svg.Append(inv, $"<line class='grid' x1='{Left}' x2='{Width - Right}' y1='{Py(y):F1}' y2='{Py(y):F1}'/><text class='tick' text-anchor='end' x='{Left - 6}' y='{Py(y) + 4:F1}'>{Short(y)}</text>");
        foreach (double x in logarithmicX ? Decades(x0, x1) : Ticks(x0, x1, 7))
            svg.Append(inv, $"<text class='tick' text-anchor='middle' x='{Px(x):F1}' y='{Height - Bottom + 16}'>{Short(x)}</text>");
        svg.Append(inv, $"<text class='tick' text-anchor='middle' x='{(Left + Width - Right) / 2}' y='{Height - 6}'>{WebUtility.HtmlEncode(horizontal)}</text>");
        svg.Append(inv, $"<text class='tick' transform='translate(14,{(Top + Height - Bottom) / 2}) rotate(-90)' text-anchor='middle'>{WebUtility.HtmlEncode(vertical)}</text>");
        for (int i = 0; i < _lines.Count; i++)
        {
            var (name, xs, ys) = _lines[i];
            svg.Append(inv, $"<polyline fill='none' stroke='{Colours[i % Colours.Length]}' stroke-width='1.4' points='");
            for (int k = 0; k < xs.Length; k++)
                if (double.IsFinite(xs[k]) && double.IsFinite(ys[k])) svg.Append(inv, $"{Px(xs[k]):F1},{Py(ys[k]):F1} ");
            svg.Append("'/>");
            svg.Append(inv, $"<text class='legend' text-anchor='end' fill='{Colours[i % Colours.Length]}' x='{Width - Right - 4}' y='{Top + 12 + 14 * i}'>{WebUtility.HtmlEncode(name)}</text>");
        }
        return svg.Append("</svg></figure>\n").ToString();
    }

    private static IEnumerable<double> Ticks(double low, double high, int about)
    {
        double raw = (high - low) / about, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
        for (double x = Math.Ceiling(low / step) * step; x <= high + step * 1e-9; x += step) yield return Math.Abs(x) < step * 1e-9 ? 0 : x;
    }

    private static IEnumerable<double> Decades(double low, double high)
    {
        for (int d = (int)Math.Ceiling(low - 1e-9); d <= high + 1e-9; d++) yield return Math.Pow(10, d);
    }

    internal static string Short(double x) => Math.Abs(x) switch
    {
        >= 1e6 => (x / 1e6).ToString("0.###", CultureInfo.InvariantCulture) + "M",
        >= 1e4 => (x / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k",
        0 => "0",
        < 1e-3 => x.ToString("0.0e0", CultureInfo.InvariantCulture),
        _ => x.ToString("0.####", CultureInfo.InvariantCulture),
    };
}
