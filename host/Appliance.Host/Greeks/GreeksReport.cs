using System.Globalization;
using System.Net;
using System.Text;
using Appliance.Host.Reports;

namespace Appliance.Host.Greeks;

/// <summary>What `appliance greeks` says at its end: one line, and where asked a JSON file with a page beside it.</summary>
internal static class GreeksReport
{
    /// <param name="device">Where Europeans were priced, if that was not the processor.</param>
    public static string Summary(GreeksCounts c, double seconds, string? device = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{c.Rows:N0} rows in {seconds:F2} s ({c.Rows / seconds:N0} a second): {c.Priced:N0} priced, {c.Bad:N0} bad")
        + (device is null ? "" : string.Create(CultureInfo.InvariantCulture, $"; {c.OnDevice:N0} of them on {device}, {c.Priced - c.OnDevice:N0} on the processor"));

    public static void Write(string path, string input, string output, string backend, GreeksCounts c, double seconds, long bytesRead, string? device)
    {
        JsonReport.WriteAtomically(path, w =>
        {
            w.WriteStartObject();
            w.WriteString("command", "greeks");
            w.WriteString("in", input);
            w.WriteString("out", output);
            w.WriteString("backend", backend);
            if (device is not null)
            {
                w.WriteString("device", device);
                w.WriteNumber("onDevice", c.OnDevice);
            }
            w.WriteNumber("rows", c.Rows);
            w.WriteNumber("priced", c.Priced);
            w.WriteNumber("bad", c.Bad);
            w.WriteNumber("solvedVolatilities", c.SolvedVolatilities);
            if (c.FirstFault is null) w.WriteNull("firstFault");
            else w.WriteString("firstFault", c.FirstFault);
            w.WriteNumber("seconds", seconds);
            w.WriteNumber("rowsPerSecond", c.Rows / seconds);
            w.WriteNumber("bytesRead", bytesRead);
            foreach (var (key, words, counts) in Tables(c))
            {
                w.WriteStartObject(key);
                for (int i = 1; i < words.Length; i++) w.WriteNumber(words[i], counts[i]);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        });
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>greeks</title><style>{HtmlReport.Style}</style></head><body><h1>Greeks</h1>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p>{WebUtility.HtmlEncode(input)} to {WebUtility.HtmlEncode(output)}, backend {backend}. {WebUtility.HtmlEncode(Summary(c, seconds, device))}.</p>\n");
        if (c.FirstFault is not null) page.Append(CultureInfo.InvariantCulture, $"<p class='bad'>The first bad row: {WebUtility.HtmlEncode(c.FirstFault)}</p>\n");
        foreach (var (key, words, counts) in Tables(c))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2>{key}</h2><table><tr><th></th><th>rows</th><th></th></tr>\n");
            long most = Math.Max(1, counts.Max());
            for (int i = 1; i < words.Length; i++)
                page.Append(CultureInfo.InvariantCulture, $"<tr><td>{words[i]}</td><td>{counts[i]:N0}</td><td><svg style='width:300px;height:12px'><rect width='{300.0 * counts[i] / most:F0}' height='12' fill='#3c6d8d'/></svg></td></tr>\n");
            page.Append("</table>\n");
        }
        page.Append("</body></html>\n");
        string html = Path.ChangeExtension(path, ".html");
        File.WriteAllText(html + ".part", page.ToString());
        File.Move(html + ".part", html, overwrite: true);
    }

    private static (string Key, string[] Words, long[] Counts)[] Tables(GreeksCounts c) => [("contracts", ColumnUse.ContractWords, c.ByContract), ("models", ColumnUse.ModelWords, c.ByModel)];
}
