using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Appliance.Perf;

/// <summary>One judged figure of one day: a line of <c>perf/history.jsonl</c>.</summary>
/// <param name="Ratio">Ours over the peer's cost: less is better; <paramref name="Low"/> and <paramref name="High"/> hold it at 95 %.</param>
/// <param name="Control">The peer against itself; outside 0.95–1.05 the line says nothing of us.</param>
public sealed record HistoryLine(string Date, string Commit, string Machine, string Figure, double Ratio, double Low, double High, double Control, string Verdict)
{
    public bool Counts => Control is >= Contract.PairedRatio.ControlLow and <= Contract.PairedRatio.ControlHigh && Low > 0 && Ratio > 0;
}

/// <summary>
/// The verb `history`: adds the figures of reports to <c>perf/history.jsonl</c>, and prints the course of each on each machine. A figure has become worse when its newest line that counts lies, with its whole interval,
/// above the interval of the best line before it.
/// </summary>
public static class History
{
    private static readonly JsonSerializerOptions Lines = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static int Run(string[] args)
    {
        string file = "perf/history.jsonl";
        var reports = new List<string>();
        string? only = null;
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            switch (args[i])
            {
                case "--file": file = Next(); break;
                case "--add": reports.Add(Next()); break;
                case "--only": only = Next(); break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        foreach (string report in reports)
        {
            if (!File.Exists(report)) throw new ArgumentException($"--add {report}: there is no such file");
            HistoryLine[] lines = [.. Read(File.ReadAllText(report), report, DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture), Commit(), Machine())];
            File.AppendAllLines(file, lines.Select(l => JsonSerializer.Serialize(l, Lines)));
            Console.WriteLine($"{report}: {lines.Length} figures added to {file}");
        }
        if (!File.Exists(file)) throw new ArgumentException($"{file}: there is no such file; `make bench` and `make latency` make it, or --file names another");
        return Print(Parse(File.ReadLines(file), file), only);
    }

    /// <summary>The judged figures of a report of ours, whichever it is.</summary>
    internal static IEnumerable<HistoryLine> Read(string report, string name, string date, string commit, string machine)
    {
        JsonElement root;
        try
        {
            using var json = JsonDocument.Parse(report);
            root = json.RootElement.Clone();
        }
        catch (JsonException e) { throw new ArgumentException($"--add {name}: no JSON: {e.Message}"); }
        if (root.TryGetProperty("command", out var command) && command.GetString() == "latency" && root.TryGetProperty("ratio", out var ratios) && ratios.ValueKind == JsonValueKind.Object)
            return Wire("wire to wire", root).Concat(root.TryGetProperty("undisturbed", out var quiet) ? Wire("wire to wire, undisturbed", quiet) : []);
        if (root.TryGetProperty("comparisons", out var comparisons))
            return comparisons.EnumerateArray().Select(c => new HistoryLine(date, commit, machine, c.GetProperty("name").GetString()!, Number(c, "ratio"), Number(c, "low"), Number(c, "high"), Number(c, "control"), Text(c, "verdict")));
        throw new ArgumentException($"--add {name}: allowed is a report of `appliance latency` with a floor, or one of this program with comparisons");

        IEnumerable<HistoryLine> Wire(string figure, JsonElement of)
        {
            foreach (string percentile in new[] { "p50", "p99" })
            {
                JsonElement ratio = of.GetProperty("ratio").GetProperty(percentile);
                yield return new HistoryLine(date, commit, machine, $"{figure}, {percentile}", Number(ratio, "median"), Number(ratio, "low"), Number(ratio, "high"), Number(of.GetProperty("control").GetProperty(percentile), "median"), Text(ratio, "verdict"));
            }
        }
    }

    internal static List<HistoryLine> Parse(IEnumerable<string> lines, string file)
    {
        var parsed = new List<HistoryLine>();
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try { parsed.Add(JsonSerializer.Deserialize<HistoryLine>(line, Lines) ?? throw new JsonException("empty")); }
            catch (JsonException e) { throw new ArgumentException($"{file}, line {number}: not a line of the history: {e.Message}"); }
        }
        return parsed;
    }

    /// <returns>The newest line of a figure on a machine when it is worse than the best before it; else null. Older lines first.</returns>
    internal static HistoryLine? Regression(IEnumerable<HistoryLine> course)
    {
        HistoryLine[] counted = [.. course.Where(l => l.Counts)];
        return counted.Length >= 2 && counted[^1].Low > counted[..^1].MinBy(l => l.Ratio)!.High ? counted[^1] : null;
    }

    private static int Print(List<HistoryLine> lines, string? only)
    {
        int worse = 0;
        foreach (var course in lines.Where(l => only is null || l.Figure.Contains(only, StringComparison.OrdinalIgnoreCase)).GroupBy(l => (l.Figure, l.Machine)))
        {
            Console.WriteLine($"{course.Key.Figure}   on {course.Key.Machine}");
            HistoryLine? regression = Regression(course);
            foreach (HistoryLine l in course)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {l.Date,-17} {l.Commit,-10} {l.Ratio,7:F3} [{l.Low:F3}, {l.High:F3}]  control {l.Control:F3}  {l.Verdict}{(l.Counts ? "" : "  (says nothing: the control)")}{(ReferenceEquals(l, regression) ? "  WORSE than the best before it" : "")}"));
            if (regression is not null) worse++;
        }
        if (worse > 0) Console.WriteLine($"{worse} figures have become worse");
        return worse > 0 ? 1 : 0;
    }

    private static double Number(JsonElement of, string key) => of.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
    private static string Text(JsonElement of, string key) => of.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!.ToLowerInvariant() : "";

    private static string Machine()
    {
        string model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown" : "unknown";
        return $"{model}, {Environment.ProcessorCount} processors";
    }

    /// <summary>The short hash, with a plus where the working tree differs from it.</summary>
    private static string Commit()
    {
        string hash = Git("rev-parse --short HEAD");
        return hash == "" ? "unknown" : Git("status --porcelain --untracked-files=no") == "" ? hash : hash + "+";
    }

    private static string Git(string arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string text = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? text.Trim() : "";
        }
        catch (System.ComponentModel.Win32Exception) { return ""; }
    }

    /// <summary>Both kinds of report are read, and a course that became worse is noticed, one within the noise or with a bad control is not.</summary>
    public static void Check()
    {
        HistoryLine[] read = [.. Read("""
            {"command":"latency","ratio":{"p50":{"median":1.02,"low":1.0,"high":1.04,"verdict":"met"},"p99":{"median":1.2,"low":1.1,"high":1.3,"verdict":"met"}},
             "control":{"p50":{"median":1.0},"p99":{"median":1.01}}}
            """, "latency", "d", "c", "m"), .. Read("""{"comparisons":[{"name":"hop","ratio":0.6,"low":0.5,"high":0.7,"control":1,"verdict":"Met"}]}""", "ring", "d", "c", "m")];
        Require(read.Length == 3 && read[1] is { Figure: "wire to wire, p99", Ratio: 1.2, Control: 1.01, Verdict: "met", Counts: true } && read[2] is { Figure: "hop", Low: 0.5, High: 0.7, Verdict: "met" }, "reports");
        HistoryLine line = read[2];
        Require(Parse([JsonSerializer.Serialize(line, Lines), ""], "f")[0] == line, "a line written and read");
        Require(Regression([line, line with { Low = 0.69 }]) is null && Regression([line with { Low = 0.71, High = 0.8 }]) is null, "noise");
        Require(Regression([line, line with { Ratio = 0.9, High = 1.0 }, line with { Low = 0.71 }]) is not null, "a worse figure");
        Require(Regression([line, line with { Low = 0.71, Control = 1.2 }]) is null, "a bad control");
        bool refused = false;
        try { Read("{}", "x", "d", "c", "m").Count(); }
        catch (ArgumentException) { refused = true; }
        Require(refused, "another file");

        static void Require(bool holds, string what)
        {
            if (!holds) throw new InvalidOperationException($"history: {what}");
        }
    }
}
