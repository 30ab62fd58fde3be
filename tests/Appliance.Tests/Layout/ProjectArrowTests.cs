using System.Text.RegularExpressions;

namespace Appliance.Tests.Layout;

/// <summary>The arrows between projects are those that docs/architecture.md draws, and no other.</summary>
public partial class ProjectArrowTests
{
    [Fact]
    public void No_project_references_what_the_architecture_does_not_draw()
    {
        string root = Repository.Root;
        var drawn = new Dictionary<string, string[]>();
        string page = File.ReadAllText(Path.Combine(root, "docs", "architecture.md"));
        var block = ArrowBlock().Match(page);
        Assert.True(block.Success, "docs/architecture.md has no ```arrows block");
        foreach (string line in block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split("->", StringSplitOptions.TrimEntries);
            drawn[parts[0]] = parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        var wrong = new List<string>();
        var seen = new HashSet<string>();
        foreach (string file in Repository.Projects())
        {
            string name = Path.GetFileNameWithoutExtension(file);
            seen.Add(name);
            string[] references = [.. ProjectReference().Matches(File.ReadAllText(file)).Select(m => Path.GetFileNameWithoutExtension(m.Groups[1].Value.Replace('\\', '/')))];
            if (name == "Appliance.Contract")
            {
                if (references.Length > 0) wrong.Add("Appliance.Contract references " + string.Join(", ", references));
                continue;
            }
            if (!drawn.TryGetValue(name, out string[]? allowed))
            {
                wrong.Add($"{name} is not drawn at all");
                continue;
            }
            if (allowed is ["*"]) continue;
            wrong.AddRange(references.Where(r => !allowed.Contains(r)).Select(r => $"{name} -> {r}"));
        }
        wrong.AddRange(drawn.Keys.Where(n => !seen.Contains(n)).Select(n => $"{n} is drawn but is no project"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "Appliance.sln"));
        Assert.All(Repository.Projects(), p => Assert.Contains(Path.GetFileName(p), solution));
    }

    [GeneratedRegex("```arrows\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ArrowBlock();
    [GeneratedRegex("<ProjectReference Include=\"([^\"]+)\"")]
    private static partial Regex ProjectReference();
}
