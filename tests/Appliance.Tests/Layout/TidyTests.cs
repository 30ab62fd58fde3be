using System.Text.RegularExpressions;

namespace Appliance.Tests.Layout;

/// <summary>What a reader trips over: stray characters, names that say nothing, unfinished work, machine paths.</summary>
public partial class TidyTests
{
    private static readonly string[] TextEndings = [".cs", ".c", ".cpp", ".h", ".py", ".sh", ".json", ".md", ".props", ".targets", ".csproj", ".sln"];

    private static IEnumerable<string> Files() => Directory.EnumerateFiles(Repository.Root, "*", SearchOption.AllDirectories)
        .Where(f => TextEndings.Contains(Path.GetExtension(f)) || Path.GetFileName(f) is "Makefile")
        .Where(f => !Ignored().IsMatch(Path.GetRelativePath(Repository.Root, f)));

    [Fact]
    public void Text_files_end_lines_by_one_newline_and_have_no_trailing_blanks()
    {
        var wrong = new List<string>();
        foreach (string file in Files().Where(f => !f.EndsWith(".sln", StringComparison.Ordinal)))
        {
            string text = File.ReadAllText(file);
            string name = Path.GetRelativePath(Repository.Root, file);
            if (text.Contains('\r')) wrong.Add($"{name}: carriage return");
            if (text.Length > 0 && !text.EndsWith('\n')) wrong.Add($"{name}: no newline at the end");
            if (TrailingBlank().IsMatch(text)) wrong.Add($"{name}: trailing blanks");
            if (text.Contains('\t') && file.EndsWith(".cs", StringComparison.Ordinal)) wrong.Add($"{name}: tab");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Nothing_is_left_for_later_in_the_code()
    {
        var wrong = Files().Where(f => f.EndsWith(".cs", StringComparison.Ordinal) && !f.EndsWith("TidyTests.cs", StringComparison.Ordinal))
            .SelectMany(f => File.ReadLines(f).Select((line, i) => (f, line, i)))
            .Where(x => Unfinished().IsMatch(x.line))
            .Select(x => $"{Path.GetRelativePath(Repository.Root, x.f)}:{x.i + 1}: {x.line.Trim()}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_file_is_named_after_nothing()
    {
        var wrong = Files().Where(f => EmptyName().IsMatch(Path.GetFileNameWithoutExtension(f))).Select(f => Path.GetRelativePath(Repository.Root, f));
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_path_of_a_machine_stands_in_the_text()
    {
        var wrong = Files().Where(f => !f.EndsWith("TidyTests.cs", StringComparison.Ordinal)).Where(f => MachinePath().IsMatch(File.ReadAllText(f))).Select(f => Path.GetRelativePath(Repository.Root, f));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_make_target_that_documents_name_exists()
    {
        string makefile = File.ReadAllText(Path.Combine(Repository.Root, "Makefile"));
        var targets = MakeTarget().Matches(makefile).Select(m => m.Groups[1].Value).ToHashSet();
        var wrong = Files().Where(f => f.EndsWith(".md", StringComparison.Ordinal))
            .SelectMany(f => NamedTarget().Matches(File.ReadAllText(f)).Select(m => (f, target: m.Groups[1].Value)))
            .Where(x => !targets.Contains(x.target)).Select(x => $"{Path.GetRelativePath(Repository.Root, x.f)}: make {x.target}");
        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"(^|/)(bin|obj|out|\.git|TestResults|__pycache__|BenchmarkDotNet\.Artifacts)/")]
    private static partial Regex Ignored();
    [GeneratedRegex(@"[ \t]+\n")]
    private static partial Regex TrailingBlank();
    [GeneratedRegex(@"NotImplementedException|\bTODO\b|\bFIXME\b|\bHACK\b|Assert\.True\(true\)")]
    private static partial Regex Unfinished();
    [GeneratedRegex(@"(Utils?|Helpers?|Common|Manager)$")]
    private static partial Regex EmptyName();
    [GeneratedRegex(@"/(home|root|work|farm)/[a-z]")]
    private static partial Regex MachinePath();
    [GeneratedRegex(@"^([a-z][a-z-]*):", RegexOptions.Multiline)]
    private static partial Regex MakeTarget();
    [GeneratedRegex(@"`make ([a-z][a-z-]*)")]
    private static partial Regex NamedTarget();
}
