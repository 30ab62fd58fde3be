using System.Diagnostics;
using Appliance.Ingest.Dump;
using Appliance.Ingest.Pcap;
using Appliance.Tests.Layout;

namespace Appliance.Tests.Ingest;

/// <summary>The decoder in Python (tests/reference/decode.py), run beside ours.</summary>
internal static class ReferenceDecoder
{
    private static readonly Lazy<bool> s_isThere = new(() =>
    {
        try
        {
            using var python = Process.Start(new ProcessStartInfo("python3", "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    public static bool IsThere => s_isThere.Value;

    public static string ModeOf(CaptureKind kind) => kind switch
    {
        CaptureKind.ItchFile => "itch-raw",
        CaptureKind.PcapItch => "itch-pcap",
        _ => "deep-pcap",
    };

    /// <summary>Both dumps by their hashes; if they differ, fails with the first line that does.</summary>
    /// <returns>Lines that both decoders gave.</returns>
    public static long AssertAgree(string path, CaptureKind kind)
    {
        string[] answer = Run(ModeOf(kind), path, "--sha256", reader => reader.ReadToEnd()).Split(' ');
        if (FieldDump.Sha256(path, kind) != answer[0]) Assert.Fail($"{path}: {FirstDifference(path, kind)}");
        return long.Parse(answer[1]);
    }

    private static string FirstDifference(string path, CaptureKind kind)
    {
        using var ours = new MemoryStream();
        FieldDump.Write(path, ours, kind);
        ours.Position = 0;
        using var ourLines = new StreamReader(ours);
        return Run(ModeOf(kind), path, "", theirLines =>
        {
            for (long number = 1; ; number++)
            {
                string? our = ourLines.ReadLine(), their = theirLines.ReadLine();
                if (our != their) return $"line {number} differs\n  ours:      {our ?? "(end)"}\n  reference: {their ?? "(end)"}";
                if (our is null) return "the hashes differ, but no line does";
            }
        });
    }

    private static string Run(string mode, string path, string option, Func<StreamReader, string> read)
    {
        var start = new ProcessStartInfo("python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(Repository.Root, "tests", "reference", "decode.py"));
        start.ArgumentList.Add(mode);
        start.ArgumentList.Add(path);
        if (option.Length > 0) start.ArgumentList.Add(option);
        using Process python = Process.Start(start)!;
        string answer = read(python.StandardOutput);
        // What was not read is drained, so that the process can end.
        _ = python.StandardOutput.ReadToEnd();
        string errors = python.StandardError.ReadToEnd();
        python.WaitForExit();
        Assert.True(python.ExitCode == 0, $"decode.py {mode} {path}: {errors}");
        return answer.Trim();
    }
}

/// <summary>Skipped, saying so, where python3 is absent.</summary>
public sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute(string? sharedData = null)
    {
        if (!ReferenceDecoder.IsThere) Skip = "python3 is absent";
        else if (sharedData is not null && !TestKit.SharedData.TryFind(sharedData, out _)) Skip = $"../shared/data/{sharedData} is absent";
    }
}
