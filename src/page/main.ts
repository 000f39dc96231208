document.body.textContent = 'The viewer page.';
